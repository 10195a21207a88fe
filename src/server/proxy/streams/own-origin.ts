// Checks the origin of WebSockets: a browser lets a page of any site open one and read it, with the user's client certificate.
import { apiError } from '../../../api/status.ts'
import { writeJson } from '../../../base/write-json.ts'
import { header, type ServerRequest } from '../../http/exchange.ts'

/** Throws if a WebSocket may not be opened. */
export type CheckOrigin = (request: ServerRequest) => void

/** As upstream. */
export const anyOrigin: CheckOrigin = () => undefined

/** Throws a 403 for a page of another origin without its own token. Programs send no origin, or that of the server. */
export function requireOwnOrigin({ headers, credentials }: ServerRequest): void {
  const origin = header(headers, 'origin')
  if (origin === undefined || credentials.authorization !== undefined) return
  if (URL.parse(origin)?.host === header(headers, 'host')) return
  throw apiError(403, 'Forbidden', `a page of the origin ${writeJson(origin)} needs a token of its own to open a WebSocket`)
}
