// The thread's side: answers the calls of the part.
import type { MessagePort } from 'node:worker_threads'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { Findings, SourceRule } from './findings.ts'
import type { FindingsCall, FindingsMethod, FindingsReply } from './findings-call.ts'

/** Each with the arguments that `FindingsThread` sends. */
function answerTo(findings: Findings, method: FindingsMethod, args: readonly unknown[], signal: AbortSignal): Promise<unknown> {
  switch (method) {
    case 'load':
      return findings.load(signal)
    case 'scan':
      return findings.scan(args[0] as Digest, args[1] as string, signal)
    case 'attest':
      return findings.attest(args[0] as Digest, args[1] as string, signal)
    case 'explain':
      return findings.explain(args[0] as Digest, args[1] as readonly string[], signal)
    case 'rematch':
      return findings.rematch(args[0] as readonly SourceRule[], signal)
    case 'used':
      return findings.used(args[0] as readonly Digest[], signal)
    case 'findingsOf':
      return findings.findingsOf(args[0] as Digest, signal)
    case 'where':
      return findings.where(args[0] as string, signal)
    case 'close':
      return Promise.resolve(findings[Symbol.asyncDispose]())
  }
}

/** Until the port closes. */
export function serveFindings(findings: Findings, port: MessagePort): void {
  const running = new Map<number, AbortController>()
  const answer = async (id: number, method: FindingsMethod, args: readonly unknown[]): Promise<FindingsReply> => {
    const stop = new AbortController()
    running.set(id, stop)
    try {
      return { id, value: await answerTo(findings, method, args, stop.signal) }
    } catch (err) {
      return { id, problem: err instanceof UserError ? err.message : String(err), isUserError: err instanceof UserError }
    } finally {
      running.delete(id)
    }
  }
  port.on('message', (call: FindingsCall) => {
    if ('abort' in call) running.get(call.id)?.abort(new UserError(call.abort))
    else
      answer(call.id, call.method, call.args).then(
        reply => {
          port.postMessage(reply)
          if (call.method === 'close') port.close()
        },
        (err: unknown) => {
          throw new Error(messageOf(err), { cause: err })
        },
      )
  })
}
