// The process side of the part `artifacts`: one unix socket, at which only the API server asks.

import type { PackageSearch } from '../api/package-search.ts'
import { isJsonObject } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import { type FrameSocket, serveFrames } from '../base/net/frame-server.ts'
import { UserError } from '../base/user-error.ts'
import type { ImageAuthority } from '../supply-chain/policy/image-question.ts'
import { parseQuestion, parseRequest, parseSearch, type WireAnswer } from './protocol.ts'

export interface ServeArtifactsOptions {
  readonly authority: ImageAuthority & PackageSearch
  readonly socket: FrameSocket
  readonly log: Logger
}

/** Listens; resolves when it accepts. Closing ends connections and removes the socket. */
export const serveArtifacts = ({ authority, socket, log }: ServeArtifactsOptions): Promise<AsyncDisposable> =>
  serveFrames({
    sockets: [socket],
    log,
    name: 'artifacts',
    respond: (value, _, signal) => respond(value, authority, log, signal),
    tooLarge: id => ({ id, error: { message: 'The answer does not fit into a frame' } }) satisfies WireAnswer,
  })

/** Never rejects. */
async function respond(value: unknown, authority: ImageAuthority & PackageSearch, log: Logger, signal: AbortSignal): Promise<WireAnswer> {
  let id = isJsonObject(value) && typeof value['id'] === 'number' ? value['id'] : 0
  try {
    const { id: requested, method, params } = parseRequest(value)
    id = requested
    if (method === 'alive') return { id, result: {} }
    if (method === 'where') return { id, result: await authority.where(parseSearch(params), signal) }
    return { id, result: await authority.evaluate(parseQuestion(params), signal) }
  } catch (err) {
    if (err instanceof UserError) return { id, error: { message: err.message } }
    log.error('artifacts request failed', { err })
    return { id, error: { message: 'The part "artifacts" failed, see its log' } }
  }
}
