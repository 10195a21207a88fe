// What of a request's URL is meant for the other side of a proxy.
import { badRequest } from '../../api/status.ts'

export interface ProxiedPath {
  /** Up to and with `/proxy`, as the client wrote it. */
  readonly prefix: string
  /** Behind it, in its one canonical form: empty, or with a slash at its beginning. Admission sees it, and the backend gets it. */
  readonly path: string
  /** With its question mark; '' where there is none. */
  readonly query: string
}

/** `rest` is `ResourceRequestInfo.rest`: it tells how many segments are behind `/proxy`. Throws a 400 for a path that has no one meaning. */
export function proxiedPath(url: string, rest: readonly string[]): ProxiedPath {
  const mark = url.indexOf('?')
  const whole = mark < 0 ? url : url.slice(0, mark)
  const segments = (whole.endsWith('/') ? whole.slice(0, -1) : whole).slice(1).split('/')
  const prefix = `/${segments.slice(0, segments.length - rest.length).join('/')}`
  return { prefix, path: canonicalPath(whole.slice(prefix.length)), query: mark < 0 ? '' : url.slice(mark) }
}

const unreserved = /[\w.~-]/

/** RFC 3986, 6.2.2: what needs no escape has none, and hexadecimal digits are in upper case. Empty segments are left out, as upstream joins paths. Throws a 400 for a path that has no one meaning. */
export function canonicalPath(path: string): string {
  const plain = path.replace(/%[0-9a-f]{2}/gi, escaped => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return unreserved.test(character) ? character : escaped.toUpperCase()
  })
  for (const segment of plain.split(/\/|%2F|%5C/))
    if (isDots(segment)) throw badRequest('the path behind a proxy must not hold "." or ".."')
  return plain.replace(/\/{2,}/g, '/')
}

/** Also with parameters behind it, which some servers cut off before they look. */
const isDots = (segment: string): boolean => /^\.{1,2}(?:;|%3B|$)/.test(segment)
