// Redirects of what is behind a proxy, so that they lead through the proxy again. They are never followed here.
import { posix } from 'node:path'

export interface ProxiedPage {
  /** `host:port` behind the proxy. */
  readonly backendHost: string
  /** By what name the client knows the API server. */
  readonly clientHost: string
  /** The path of the proxy itself. */
  readonly prefix: string
}

/** Upstream's rule: absolute paths on the same host get the proxy's path before them; other hosts, relative paths and what is no URL stay. */
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
