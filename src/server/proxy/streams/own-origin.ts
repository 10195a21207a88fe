// Pages of other sites and WebSockets: a browser lets any page open one and read it, and shows its client certificate whatever page asks.
import { apiError } from '../../../api/status.ts'
import { header, type ServerRequest } from '../../http/exchange.ts'

/** Whether a WebSocket may be opened: throws where it may not. */
export type CheckOrigin = (request: ServerRequest) => void

/** What upstream does. */
export const anyOrigin: CheckOrigin = () => undefined

/** Throws the 403 of a page of another origin that brings no token of its own; programs send no origin, or that of the server. */
export function requireOwnOrigin({ headers, credentials }: ServerRequest): void {
  const origin = header(headers, 'origin')
  if (origin === undefined || credentials.authorization !== undefined) return
  if (URL.parse(origin)?.host === header(headers, 'host')) return
  throw apiError(403, 'Forbidden', `a page of the origin ${JSON.stringify(origin)} needs a token of its own to open a WebSocket`)
}
