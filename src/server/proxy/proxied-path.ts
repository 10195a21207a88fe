// What of a request's URL is meant for the other side of a proxy.

export interface ProxiedPath {
  /** Up to and with `/proxy`, as the client wrote it. */
  readonly prefix: string
  /** Behind it: empty, or with a slash at its beginning; escapes stay as the client wrote them. */
  readonly path: string
  /** With its question mark; '' where there is none. */
  readonly query: string
}

/** `rest` is `ResourceRequestInfo.rest`: it tells how many segments are behind `/proxy`. */
export function proxiedPath(url: string, rest: readonly string[]): ProxiedPath {
  const mark = url.indexOf('?')
  const whole = mark < 0 ? url : url.slice(0, mark)
  const segments = (whole.endsWith('/') ? whole.slice(0, -1) : whole).slice(1).split('/')
  const prefix = `/${segments.slice(0, segments.length - rest.length).join('/')}`
  return { prefix, path: whole.slice(prefix.length), query: mark < 0 ? '' : url.slice(mark) }
}
