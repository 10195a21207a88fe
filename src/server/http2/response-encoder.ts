// Encodes the response heads of one connection. Fields that repeat are added to the client's dynamic table once, and then sent as their index.

import { writeJson } from '../../base/write-json.ts'
import { ofConnection } from './connection-headers.ts'
import { frameFlag, frameType, headSize, writeHead } from './wire/frames.ts'
import { defaultTableSize, fieldSize, type HeaderField, staticFields } from './wire/header-table.ts'
import { added, indexed, writeInteger, writeLiteral, writeResize, writeText } from './wire/hpack-writing.ts'
import type { SendBuffer } from './wire/send-buffer.ts'

/** The first static index of each name. */
const nameNumbers = new Map(staticFields.map(({ name }, index) => [name, index + 1] as const).reverse())
const statusName = nameNumbers.get(':status') ?? 0
/** Static indexes of `:status` with a value. */
const statusNumbers = new Map(
  staticFields.flatMap(({ name, value }, index) => (name === ':status' ? [[Number(value), index + 1] as const] : [])),
)

/** Fields that repeat. The values of others change, and would evict these from the client's table. */
const repeated: ReadonlySet<string> = new Set([
  'content-type',
  'cache-control',
  'content-encoding',
  'vary',
  'www-authenticate',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
])

/** Bytes for the status and the frame header. */
const fewBytes = 32

export class ResponseEncoder {
  /** The client's dynamic table, the newest entry last. */
  readonly #entries: HeaderField[] = []
  #size = 0
  #limit = defaultTableSize
  #resized = false

  /** The client changed the size of its table. The next block must begin with the update. */
  limit(size: number): void {
    const limit = Math.min(size, defaultTableSize)
    if (limit === this.#limit) return
    this.#limit = limit
    this.#forget()
  }

  /**
   * Writes a HEADERS frame, and CONTINUATION frames if it exceeds `frameSize`. `headers` holds lower-case names and values in turn. Throws and writes nothing if
   * one of them is not allowed in a header.
   */
  write(out: SendBuffer, stream: number, status: number, headers: readonly string[], endsStream: boolean, frameSize: number): void {
    out.reserve(fewBytes)
    const start = out.length
    out.length += headSize
    try {
      this.#block(out, status, headers)
    } catch (err) {
      // Half a block would break the connection, so nothing of it is sent. Entries that it added are not in the client's table.
      out.length = start
      this.#forget()
      throw err
    }
    const length = out.length - start - headSize
    const flags = endsStream ? frameFlag.endStream : 0
    if (length <= frameSize) writeHead(out.bytes, start, length, frameType.headers, flags | frameFlag.endHeaders, stream)
    else split(out, start, flags, stream, frameSize)
  }

  #block(out: SendBuffer, status: number, headers: readonly string[]): void {
    if (this.#resized) writeResize(out, this.#limit)
    this.#resized = false
    const number = statusNumbers.get(status)
    if (number === undefined) this.#repeated(out, statusName, ':status', String(status))
    else out.byte(indexed | number)
    for (let i = 0; i < headers.length; i += 2) this.#field(out, headers[i] ?? '', headers[i + 1] ?? '')
  }

  #field(out: SendBuffer, name: string, value: string): void {
    const number = nameNumbers.get(name)
    if (ofConnection.has(name)) throw new Error(`HTTP/2 does not allow the header ${writeJson(name)}`)
    if (repeated.has(name)) this.#repeated(out, number ?? 0, name, value)
    else if (number !== undefined) writeLiteral(out, number, value)
    else {
      out.reserve(1)
      out.byte(0)
      writeText(out, name)
      writeText(out, value)
    }
  }

  #repeated(out: SendBuffer, number: number, name: string, value: string): void {
    out.reserve(fewBytes)
    const entries = this.#entries
    for (let i = entries.length - 1; i >= 0; i--) {
      const field = entries[i]
      if (field?.name !== name || field.value !== value) continue
      // The newest entry has the first index after the static table.
      writeInteger(out, indexed, 7, staticFields.length + entries.length - i)
      return
    }
    const field = { name, value }
    const size = fieldSize(field)
    const isKept = size <= this.#limit
    writeInteger(out, isKept ? added : 0, isKept ? 6 : 4, number)
    if (number === 0) writeText(out, name)
    writeText(out, value)
    if (!isKept) return
    this.#evict(this.#limit - size)
    entries.push(field)
    this.#size += size
  }

  /** The next block clears the client's table as well. */
  #forget(): void {
    this.#evict(0)
    this.#resized = true
  }

  /** Evicts entries as the client does. */
  #evict(size: number): void {
    while (this.#size > size) {
      const oldest = this.#entries.shift()
      if (oldest === undefined) return
      this.#size -= fieldSize(oldest)
    }
  }
}

/** Splits the block at `start`, behind the room for one frame header, into several frames. */
function split(out: SendBuffer, start: number, flags: number, stream: number, frameSize: number): void {
  const block = Buffer.from(out.bytes.subarray(start + headSize, out.length))
  out.length = start
  for (let at = 0; at < block.length; at += frameSize) {
    const length = Math.min(frameSize, block.length - at)
    out.reserve(headSize + length)
    const isFirst = at === 0
    const ends = at + length === block.length ? frameFlag.endHeaders : 0
    const type = isFirst ? frameType.headers : frameType.continuation
    writeHead(out.bytes, out.length, length, type, (isFirst ? flags : 0) | ends, stream)
    out.length += headSize + block.copy(out.bytes, out.length + headSize, at, at + length)
  }
}
