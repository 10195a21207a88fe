// The part of a request's URL that is for the backend of a proxy.
import { badRequest } from '../../api/status.ts'

export interface ProxiedPath {
  /** Up to and including `/proxy`, as the client wrote it. */
  readonly prefix: string
  /** The path after it, in canonical form: empty, or beginning with a slash. Admission sees it, and the backend gets it. */
  readonly path: string
  /** With its question mark; '' if there is none. */
  readonly query: string
}

/** `rest` is `ResourceRequestInfo.rest`, the segments after `/proxy`. Throws a 400 for an ambiguous path. */
export function proxiedPath(url: string, rest: readonly string[]): ProxiedPath {
  const mark = url.indexOf('?')
  const whole = mark < 0 ? url : url.slice(0, mark)
  const segments = (whole.endsWith('/') ? whole.slice(0, -1) : whole).slice(1).split('/')
  const prefix = `/${segments.slice(0, segments.length - rest.length).join('/')}`
  return { prefix, path: canonicalPath(whole.slice(prefix.length)), query: mark < 0 ? '' : url.slice(mark) }
}

const unreserved = /[\w.~-]/

/** Normalizes as RFC 3986, 6.2.2: no unnecessary escapes, upper-case hexadecimal digits. Removes empty segments, as upstream joins paths. Throws a 400 for an ambiguous path. */
export function canonicalPath(path: string): string {
  const plain = path.replace(/%[0-9a-f]{2}/gi, escaped => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return unreserved.test(character) ? character : escaped.toUpperCase()
  })
  for (const segment of plain.split(/\/|%2F|%5C/))
    if (isDots(segment)) throw badRequest('the path behind a proxy must not hold "." or ".."')
  return plain.replace(/\/{2,}/g, '/')
}

/** Includes dot segments with parameters, which some servers cut off first. */
const isDots = (segment: string): boolean => /^\.{1,2}(?:;|%3B|$)/.test(segment)
