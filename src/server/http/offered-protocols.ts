// The WebSocket protocols that a client offers.
import { badRequest } from '../../api/status.ts'
import { header, type RequestHeaders } from './exchange.ts'

/** The form in which a browser sends a token, for it can set no header. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.'

/** In the client's order, without what is a token: it is for this server, and neither to be chosen nor to be passed on. */
export function offeredProtocols(headers: RequestHeaders): string[] {
  return allOffered(headers).filter(one => !one.startsWith(bearerProtocol))
}

/** The first of the `known` that the client offers, `''` being for one that offers none. Throws upstream's 400 where there is none. */
export function chooseProtocol(headers: RequestHeaders, known: readonly string[]): string {
  const offered = offeredProtocols(headers)
  const chosen = known.find(one => (one === '' ? offered.length === 0 : offered.includes(one)))
  if (chosen === undefined)
    throw badRequest(`unable to upgrade: none of the offered WebSocket protocols is supported: ${offered.join(', ')}`)
  return chosen
}

/**
 * The token among the protocols, as an Authorization header; undefined where there is none. As upstream: only beside a protocol that can be chosen,
 * for a client takes a handshake without one as failed, and only one. What breaks these rules is a header that nobody accepts.
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
