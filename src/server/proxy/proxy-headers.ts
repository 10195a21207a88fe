// The headers that a proxy forwards, in either direction.

import { header, type RequestHeaders } from '../http/exchange.ts'
import { offeredProtocols } from '../http/offered-protocols.ts'

/** Hop-by-hop headers (RFC 9110, 7.6.1, and those forbidden in HTTP/2). */
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

/** Request headers that are only for this server. The backend is a pod, which must never get its clients' credentials. */
const ours = new Set(['authorization', 'expect', 'host'])
const oursByPrefix = ['impersonate-', 'x-remote-']

export interface Forwarding {
  readonly headers: RequestHeaders
  readonly remoteAddress: string
  /** `X-Forwarded-Uri`. */
  readonly uri: string
  /** The value of `Upgrade`, if the client requests another protocol. */
  readonly upgrade: string | undefined
  /** The backend is foreign to this server's origin: no cookies. */
  readonly isolates?: boolean
}

/** `Host` is that of the client, as upstream forwards it. */
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
    // Many programs treat an underscore in a header's name as a hyphen.
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

/** The name by which the client addressed this server. */
export function hostOf(headers: RequestHeaders): string {
  return header(headers, ':authority') ?? header(headers, 'host') ?? ''
}

/** Upstream removes these: a pod must not decide whether pages of other origins may read responses of the API server. */
const crossOrigin = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
])

/** Headers that affect this server's whole origin in a browser, or ask for a password in this server's name. */
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
 * The response headers to forward, without the content type. `audit-id` and `warning` are set only by this server. With `isolates`, browsers show the
 * response as a page without scripts and with an opaque origin.
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
  // If there are two policies, browsers enforce both.
  const policy = header(headers, 'content-security-policy')
  out['content-security-policy'] = policy === undefined ? 'sandbox' : [policy, 'sandbox']
  return out
}

function connectionListed(headers: RequestHeaders): ReadonlySet<string> {
  const text = header(headers, 'connection')
  return new Set(text === undefined ? [] : text.split(',').map(name => name.trim().toLowerCase()))
}
