// The WebSocket protocols that a client offers.
import { header, type RequestHeaders } from '../exchange.ts'

/** The form in which a browser sends a token, for it can set no header. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.'

/** In the client's order, without what is a token: it is for this server, and neither to be chosen nor to be passed on. */
export function offeredProtocols(headers: RequestHeaders): string[] {
  return (header(headers, 'sec-websocket-protocol') ?? '')
    .split(',')
    .map(one => one.trim())
    .filter(one => one !== '' && !one.startsWith(bearerProtocol))
}
