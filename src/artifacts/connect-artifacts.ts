// An ImageAuthority that asks the part `artifacts` over its unix socket.

import type { PackageSearch } from '../api/package-search.ts'
import type { Clock } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import { FrameConnection, type FramePeer } from '../base/net/frame-connection.ts'
import type { ImageAuthority } from '../supply-chain/policy/image-question.ts'
import { parseAnswers, parsePackageAnswer } from './protocol.ts'

export interface ArtifactsConnection extends ImageAuthority, PackageSearch, AsyncDisposable {
  /** Rejects if the part fails, or with the signal's reason. */
  alive(signal: AbortSignal): Promise<void>
}

const peer: FramePeer = {
  name: 'the part "artifacts"',
  parseAnswer(value) {
    if (!isJsonObject(value) || typeof value['id'] !== 'number') return undefined
    const { id, error, result } = value
    return isJsonObject(error) ? { id, error: new Error(String(error['message'])) } : { id, result }
  },
  failure: (_, message) => new Error(message),
}

/** Requests wait for the part until their signal ends them. If the connection breaks meanwhile, they reject. */
export function connectArtifacts(path: string, { clock, log }: { readonly clock: Clock; readonly log: Logger }): ArtifactsConnection {
  const connection = new FrameConnection({ path, peer, clock, log })
  return {
    async evaluate(question, signal) {
      const answers = parseAnswers(await connection.call('evaluate', { ...question }, signal))
      if (answers === undefined || answers.length !== question.images.length)
        throw new Error('Cannot use the part "artifacts": its answer is malformed')
      return answers
    },
    async where(text, signal) {
      const answer = parsePackageAnswer(await connection.call('where', { text }, signal))
      if (answer === undefined) throw new Error('Cannot use the part "artifacts": its answer is malformed')
      return answer
    },
    async alive(signal) {
      await connection.call('alive', {}, signal)
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}
