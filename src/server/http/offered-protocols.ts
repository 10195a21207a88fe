// The WebSocket protocols that a client offers.
import { badRequest } from '../../api/status.ts'
import { header, type RequestHeaders } from './exchange.ts'

/** The form in which a browser sends a token, because it cannot set headers. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.'

/** In the client's order. A token is left out: it is for this server, and must be neither chosen nor forwarded. */
export function offeredProtocols(headers: RequestHeaders): string[] {
  return allOffered(headers).filter(one => !one.startsWith(bearerProtocol))
}

/** The first of the `known` protocols that the client offers; `''` if it offers none. Throws upstream's 400 if none is known. */
export function chooseProtocol(headers: RequestHeaders, known: readonly string[]): string {
  const offered = offeredProtocols(headers)
  const chosen = known.find(one => (one === '' ? offered.length === 0 : offered.includes(one)))
  if (chosen === undefined)
    throw badRequest(`unable to upgrade: none of the offered WebSocket protocols is supported: ${offered.join(', ')}`)
  return chosen
}

/**
 * The token among the protocols, as an Authorization header; undefined if there is none. As upstream, there must be exactly one token and another
 * protocol to choose, because a client treats a handshake without one as failed. Anything else becomes a header that no authenticator accepts.
 */
export function offeredAuthorization(headers: RequestHeaders): string | undefined {
  const all = allOffered(headers)
  const tokens = all.filter(one => one.startsWith(bearerProtocol))
  const [token] = tokens
  if (token === undefined) return undefined
  const text = Buffer.from(token.slice(bearerProtocol.length), 'base64url').toString()
  return tokens.length > 1 || all.length === 1 || !/^[\x21-\x7e]+$/.test(text) ? 'Bearer ' : `Bearer ${text}`
}

function allOffered(headers: RequestHeaders): string[] {
  return (header(headers, 'sec-websocket-protocol') ?? '')
    .split(',')
    .map(one => one.trim())
    .filter(Boolean)
}
