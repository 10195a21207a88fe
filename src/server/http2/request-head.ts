// Validates the fields of a header block and makes the head of a request of them (RFC 9113, 8.2 and 8.3).

import { ofConnection } from './connection-headers.ts'
import type { HeaderField } from './wire/header-table.ts'

/** By lower-case names. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface RequestHead {
  readonly method: string
  /** Path and query, still percent-encoded. */
  readonly path: string
  readonly headers: RequestHeaders
  /** Whether a header begins with `impersonate-`. Each of those is a list, because their values may contain commas. */
  readonly impersonates: boolean
  /** From the `content-length` header. */
  readonly contentLength: number | undefined
}

/** Headers with one value. Of repeated ones the first counts, as in Go's server: joined values could mean something else. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-type',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'user-agent',
])

/** A lower-case token (RFC 9110, 5.6.2). */
const isName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
/** No line ends, and no whitespace around it (RFC 9113, 8.2.1). */
const isValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/
/** Exactly one length is allowed: of two, even equal ones, a proxy in front may have used the other. */
const isLength = /^\d{1,15}$/
/** A path, or `*` for the whole server with OPTIONS, as in the request line of HTTP/1.1. */
const isPath = /^(?:\/[\x21-\x7e\x80-\xff]*|\*)$/
const isMethod = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Whether the fields are valid trailers (RFC 9113, 8.1). They are otherwise ignored. */
export const areTrailers = (fields: readonly HeaderField[]): boolean =>
  fields.every(({ name, value }) => isName.test(name) && !ofConnection.has(name) && isValue.test(value))

/** Undefined if the request is malformed, for which the stream is reset. */
export function readRequestHead(fields: readonly HeaderField[]): RequestHead | undefined {
  const pseudo: Record<string, string | undefined> = {
    ':method': undefined,
    ':path': undefined,
    ':scheme': undefined,
    ':authority': undefined,
  }
  const headers: Record<string, string | string[] | undefined> = Object.create(null) as Record<string, string | string[] | undefined>
  let impersonates = false
  let isBehind = false
  for (const { name, value } of fields) {
    if (!isValue.test(value)) return undefined
    if (name.startsWith(':')) {
      if (isBehind || !Object.hasOwn(pseudo, name) || pseudo[name] !== undefined) return undefined
      pseudo[name] = value
      continue
    }
    isBehind = true
    if (!isName.test(name) || ofConnection.has(name) || (name === 'te' && value !== 'trailers')) return undefined
    if (name.startsWith('impersonate-')) {
      impersonates = true
      headers[name] = [...(headers[name] ?? []), value]
    } else if (headers[name] === undefined) headers[name] = value
    else if (!single.has(name)) headers[name] = `${headers[name] as string}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  const { ':method': method, ':path': path, ':scheme': scheme, ':authority': authority } = pseudo
  if (method === undefined || path === undefined || scheme === undefined || !isMethod.test(method) || !isPath.test(path)) return undefined
  // CONNECT has neither scheme nor path (RFC 9113, 8.5).
  if (method === 'CONNECT') return undefined
  const length = headers['content-length']
  if (length !== undefined && !isLength.test(length as string)) return undefined
  headers[':authority'] = authority
  return { method, path, headers, impersonates, contentLength: length === undefined ? undefined : Number(length) }
}
