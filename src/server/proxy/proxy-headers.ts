// Which headers pass a proxy, in either direction.

import { header, type RequestHeaders } from '../http/exchange.ts'
import { offeredProtocols } from '../http/offered-protocols.ts'

/** RFC 9110, 7.6.1, and what HTTP/2 must not carry: they are of one connection only. */
const hopByHop = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** By it a caller says, for one request, that the certificate of the pod need not be verified. */
export const insecureHeader = 'x-bulkhead-insecure-skip-tls-verify-backend'

/** Headers of the caller that are for this server alone. The other side is a pod, and a pod must never learn by what its visitors are known here. */
const ours = new Set(['authorization', 'expect', 'host', insecureHeader])
const oursByPrefix = ['impersonate-', 'x-remote-']

export interface Forwarding {
  readonly headers: RequestHeaders
  readonly remoteAddress: string
  /** `X-Forwarded-Uri`. */
  readonly uri: string
  /** The value for `Upgrade`, where the connection is to change its protocol. */
  readonly upgrade: string | undefined
  /** The other side is a stranger to the pages of this server: no cookies. */
  readonly isolates?: boolean
}

/** `Host` is the caller's, as upstream passes it on. */
export function forwardedHeaders({
  headers,
  remoteAddress,
  uri,
  upgrade,
  isolates = false,
}: Forwarding): Record<string, string | string[]> {
  const listed = connectionListed(headers)
  const out: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || listed.has(name)) continue
    // To many programs an underscore in a header's name is the same as a hyphen.
    const plain = name.replaceAll('_', '-')
    if (isolates && plain === 'cookie') continue
    if (ours.has(plain) || oursByPrefix.some(prefix => plain.startsWith(prefix))) continue
    out[name] = typeof value === 'string' ? value : [...value]
  }
  const protocols = offeredProtocols(headers)
  delete out['sec-websocket-protocol']
  if (protocols.length > 0) out['sec-websocket-protocol'] = protocols.join(', ')
  out['host'] = hostOf(headers)
  const before = header(headers, 'x-forwarded-for')
  out['x-forwarded-for'] = before === undefined ? remoteAddress : `${before}, ${remoteAddress}`
  out['x-forwarded-uri'] = uri
  out['connection'] = upgrade === undefined ? 'close' : 'Upgrade'
  if (upgrade !== undefined) out['upgrade'] = upgrade
  return out
}

/** By what name the caller knows this server. */
export function hostOf(headers: RequestHeaders): string {
  return header(headers, ':authority') ?? header(headers, 'host') ?? ''
}

/** Upstream removes these: whether a page of another origin may read an answer of the API server is not for a pod to say. */
const crossOrigin = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
])

/** What tells a browser something about this server's whole origin, or asks its user for a password in this server's name. */
const ofOrigin = new Set([
  'accept-ch',
  'alt-svc',
  'clear-site-data',
  'critical-ch',
  'nel',
  'origin-agent-cluster',
  'origin-trial',
  'public-key-pins',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'speculation-rules',
  'strict-transport-security',
  'www-authenticate',
])

/**
 * The headers of the answer that pass, but for the content type. `audit-id` and `warning` are this server's own words. With `isolates` a browser shows what
 * is answered as a page without scripts, of an origin of its own.
 */
export function answeredHeaders(headers: RequestHeaders, isolates = false): Record<string, string | string[]> {
  const listed = connectionListed(headers)
  const out: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || listed.has(name) || crossOrigin.has(name)) continue
    if (name === 'content-type' || name === 'audit-id' || name === 'warning' || (isolates && ofOrigin.has(name))) continue
    out[name] = typeof value === 'string' ? value : [...value]
  }
  if (!isolates) return out
  // Of two policies both hold.
  const policy = header(headers, 'content-security-policy')
  out['content-security-policy'] = policy === undefined ? 'sandbox' : [policy, 'sandbox']
  return out
}

function connectionListed(headers: RequestHeaders): ReadonlySet<string> {
  const text = header(headers, 'connection')
  return new Set(text === undefined ? [] : text.split(',').map(name => name.trim().toLowerCase()))
}
