// Reads the body of a request that is still valid.
import { timedOut } from '../../api/status.ts'
import { maxBodyBytes } from '../http/collect-body.ts'
import type { ServerRequest } from '../http/exchange.ts'

/** Rejects if the request has ended when its body is complete: its identity has ended or its client is gone, so it must have no effect. */
export async function readBody(request: ServerRequest): Promise<Buffer> {
  const bytes = await request.body(maxBodyBytes)
  if (request.signal.aborted) throw timedOut('request did not complete within requested timeout', 0)
  return bytes
}
