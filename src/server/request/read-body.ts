// Reads the body of a request that is still valid.
import { timedOut } from '../../api/status.ts'
import { turn } from '../../base/async/turns.ts'
import { maxBodyBytes } from '../http/collect-body.ts'
import type { RequestContext } from './request-context.ts'

/**
 * Rejects if the request has ended when its body is complete: its identity has ended or its client is gone, so it must have no effect. Bodies that come behind
 * their heads may be complete in the same round, those of many requests: each goes on when its connection's turn is, and a large one in a turn of its own.
 */
export async function readBody({ request, pace }: Pick<RequestContext, 'request' | 'pace'>): Promise<Buffer> {
  const comesLater = request.isWhole === false
  const bytes = await request.body(maxBodyBytes)
  pace.takes(bytes.length)
  if (pace.isSpent) await turn()
  else if (comesLater) await request.nextRound?.()
  if (request.signal.aborted) throw timedOut('request did not complete within requested timeout', 0)
  return bytes
}
