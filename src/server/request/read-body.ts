// Reads the body of a request that is still valid.
import { timedOut } from '../../api/status.ts'
import { yieldIfDue } from '../../base/async/turns.ts'
import { maxBodyBytes } from '../http/collect-body.ts'
import type { RequestContext } from './request-context.ts'

/**
 * Rejects if the request has ended when its body is complete: its identity has ended or its client is gone, so it must have no effect. The large bodies of several
 * requests may be complete in the same round, and each is parsed in a turn of its own.
 */
export async function readBody({ request, pace }: Pick<RequestContext, 'request' | 'pace'>): Promise<Buffer> {
  const bytes = await request.body(maxBodyBytes)
  pace.takes(bytes.length)
  if (pace.isSpent && !request.signal.aborted) await yieldIfDue(pace)
  if (request.signal.aborted) throw timedOut('request did not complete within requested timeout', 0)
  return bytes
}
