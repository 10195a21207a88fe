// Rewrites redirects of a backend so that they lead through the proxy. The server never follows them.
import { posix } from 'node:path'

export interface ProxiedPage {
  /** `host:port` of the backend. */
  readonly backendHost: string
  /** The name by which the client addressed the API server. */
  readonly clientHost: string
  /** The path of the proxy. */
  readonly prefix: string
}

/** As upstream: absolute paths on the same host are prefixed with the proxy's path; other hosts, relative paths and invalid URLs are unchanged. */
export function rewriteLocation(location: string, { backendHost, clientHost, prefix }: ProxiedPage): string {
  const parts = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(location)
  if (parts === null) return location
  const [, scheme = '', host = '', path = '', rest = ''] = parts
  if (host !== '' && host !== backendHost && host !== clientHost) return location
  if (!path.startsWith('/')) return location
  const origin = host !== '' && host === clientHost ? `${scheme === '' ? '' : `${scheme}:`}//${host}` : ''
  if (path.startsWith(prefix)) return `${origin}${path}${rest}`
  const joined = posix.join(prefix, path)
  return `${origin}${path.endsWith('/') && !joined.endsWith('/') ? `${joined}/` : joined}${rest}`
}
