// The body of a request, for whoever acts on it.
import { timedOut } from '../../api/status.ts'
import { maxBodyBytes } from '../http/collect-body.ts'
import type { ServerRequest } from '../http/exchange.ts'

/** Rejects where the request is over by the time that its body is there: its identity has ended, or its client is gone, and nothing may come of it. */
export async function readBody(request: ServerRequest): Promise<Buffer> {
  const bytes = await request.body(maxBodyBytes)
  if (request.signal.aborted) throw timedOut('request did not complete within requested timeout', 0)
  return bytes
}
