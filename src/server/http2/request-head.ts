// The head of a request out of the fields of its header block, by the rules of RFC 9113, 8.2 and 8.3.

import { ofConnection } from './connection-headers.ts'
import type { HeaderField } from './wire/header-table.ts'

/** By lower-case names. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface RequestHead {
  readonly method: string
  /** Path and query, still escaped. */
  readonly path: string
  readonly headers: RequestHeaders
  /** Whether a header begins with `impersonate-`. Each of those is a list: their values may hold commas. */
  readonly impersonates: boolean
  /** Bytes of the body, where they are told. */
  readonly contentLength: number | undefined
}

/** A client that sends one of them twice means one thing and may be understood as another: the first counts, as Go's server has it. */
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

/** A token in lower case, RFC 9110, 5.6.2. */
const isName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
/** RFC 9113, 8.2.1: neither an end of a line nor space around it. */
const isValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/
/** One: of two, equal ones too, a proxy before us may have taken the other. */
const isLength = /^\d{1,15}$/
/** What stands in a request line of HTTP/1.1: a path, or all of the server for OPTIONS. */
const isPath = /^(?:\/[\x21-\x7e\x80-\xff]*|\*)$/
const isMethod = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Whether they may stand behind a body (RFC 9113, 8.1): nothing of them is used. */
export const areTrailers = (fields: readonly HeaderField[]): boolean =>
  fields.every(({ name, value }) => isName.test(name) && !ofConnection.has(name) && isValue.test(value))

/** Undefined where it breaks a rule: "malformed", of which only a reset may tell. */
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
  // Has neither scheme nor path (RFC 9113, 8.5).
  if (method === 'CONNECT') return undefined
  const length = headers['content-length']
  if (length !== undefined && !isLength.test(length as string)) return undefined
  headers[':authority'] = authority
  return { method, path, headers, impersonates, contentLength: length === undefined ? undefined : Number(length) }
}
