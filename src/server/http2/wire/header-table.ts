// HPACK's table: the static fields of RFC 7541, followed by the dynamic ones that header blocks have added.
import { errorCode, Http2Error } from './frames.ts'

export interface HeaderField {
  readonly name: string
  readonly value: string
}

/** RFC 7541, appendix A: names and their values. */
const staticLines = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`

/** The first has index 1. */
export const staticFields: readonly HeaderField[] = staticLines.split('\n').map(line => {
  const [name = '', ...value] = line.split(' ')
  return { name, value: value.join(' ') }
})

/** The size of the dynamic table before a setting changes it. */
export const defaultTableSize = 4096
const entryOverhead = 32

export const fieldSize = ({ name, value }: HeaderField): number => name.length + value.length + entryOverhead

export class HeaderTable {
  /** The newest entry is the last one. */
  readonly #entries: HeaderField[] = []
  #size = 0
  #limit = defaultTableSize

  get size(): number {
    return this.#size
  }

  get(number: number): HeaderField {
    const field =
      number <= staticFields.length ? staticFields[number - 1] : this.#entries[this.#entries.length - (number - staticFields.length)]
    if (field === undefined) throw new Http2Error(errorCode.compressionError, `HPACK: index ${number} is not in the table`)
    return field
  }

  /** A field that is larger than the table clears it and is not added. */
  add(field: HeaderField): void {
    const size = fieldSize(field)
    this.#evict(this.#limit - size)
    if (size > this.#limit) return
    this.#entries.push(field)
    this.#size += size
  }

  resize(limit: number): void {
    if (limit > defaultTableSize) throw new Http2Error(errorCode.compressionError, `HPACK: a table size of ${limit} exceeds the limit`)
    this.#limit = limit
    this.#evict(limit)
  }

  #evict(size: number): void {
    while (this.#size > size) {
      const oldest = this.#entries.shift()
      if (oldest === undefined) return
      this.#size -= fieldSize(oldest)
    }
  }
}
