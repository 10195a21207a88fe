// Writes the header blocks of one connection's requests. Repeated fields are sent once, and then by their index in the server's table.
import { frameFlag, frameType, headSize, writeHead } from '../../../src/server/http2/wire/frames.ts'
import { defaultTableSize, fieldSize, staticFields } from '../../../src/server/http2/wire/header-table.ts'
import { added, indexed, writeInteger, writeLiteral, writeText } from '../../../src/server/http2/wire/hpack-writing.ts'
import type { SendBuffer } from '../../../src/server/http2/wire/send-buffer.ts'

const accept = 'application/json'
const userAgent = 'bulkhead-bench'

const numberOf = (name: string): number => staticFields.findIndex(field => field.name === name) + 1
const authorityName = numberOf(':authority')
const methodName = numberOf(':method')
const pathName = numberOf(':path')
const acceptName = numberOf('accept')
const userAgentName = numberOf('user-agent')
const contentTypeName = numberOf('content-type')
const contentLengthName = numberOf('content-length')
const schemeHttps = staticFields.findIndex(({ name, value }) => name === ':scheme' && value === 'https') + 1
const getMethod = methodName
const postMethod = methodName + 1
/** More than a request has beyond its path and the repeated fields. */
const fewBytes = 64

export class HeaderEncoder {
  readonly #authority: string
  /** Our fields in the server's table, oldest first. Nothing is ever evicted: fields that do not fit are not added. */
  readonly #sent: { readonly name: number; readonly value: string }[] = []
  #size = 0

  constructor(authority: string) {
    this.#authority = authority
  }

  /** A HEADERS frame that ends its block; without a body it ends the stream too, and `contentType` is the accepted type. */
  write(out: SendBuffer, stream: number, method: string, path: string, contentType: string, bodyLength: number | undefined): void {
    out.reserve(headSize + fewBytes + path.length)
    const start = out.length
    out.length += headSize
    if (method === 'GET') out.byte(indexed | getMethod)
    else if (method === 'POST') out.byte(indexed | postMethod)
    else this.#constant(out, methodName, method)
    out.byte(indexed | schemeHttps)
    this.#constant(out, authorityName, this.#authority)
    if (!/^[\x21-\x7e]*$/.test(path)) throw new Error(`a path may not hold ${JSON.stringify(path)}`)
    writeLiteral(out, pathName, path)
    this.#constant(out, acceptName, bodyLength === undefined ? contentType : accept)
    this.#constant(out, userAgentName, userAgent)
    if (bodyLength !== undefined) {
      this.#constant(out, contentTypeName, contentType)
      writeLiteral(out, contentLengthName, String(bodyLength))
    }
    const flags = bodyLength === undefined || bodyLength === 0 ? frameFlag.endHeaders | frameFlag.endStream : frameFlag.endHeaders
    writeHead(out.bytes, start, out.length - start - headSize, frameType.headers, flags, stream)
  }

  #constant(out: SendBuffer, name: number, value: string): void {
    const sent = this.#sent
    for (let i = 0; i < sent.length; i++) {
      const field = sent[i]
      // The newest has the first number behind the fixed ones.
      if (field?.name === name && field.value === value) {
        writeInteger(out, indexed, 7, staticFields.length + sent.length - i)
        return
      }
    }
    const size = fieldSize({ name: staticFields[name - 1]?.name ?? '', value })
    if (this.#size + size > defaultTableSize) {
      writeLiteral(out, name, value)
      return
    }
    writeInteger(out, added, 6, name)
    writeText(out, value)
    sent.push({ name, value })
    this.#size += size
  }
}
