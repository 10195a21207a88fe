// Writes the heads of one connection's answers. What is the same in many is sent once, and by its number in the client's table from then on.

import { ofConnection } from './connection-headers.ts'
import { frameFlag, frameType, headSize, writeHead } from './wire/frames.ts'
import { defaultTableSize, fieldSize, type HeaderField, staticFields } from './wire/header-table.ts'
import { added, indexed, writeInteger, writeLiteral, writeResize, writeText } from './wire/hpack-writing.ts'
import type { SendBuffer } from './wire/send-buffer.ts'

/** The fixed numbers of names, by the first of each. */
const nameNumbers = new Map(staticFields.map(({ name }, index) => [name, index + 1] as const).reverse())
const statusName = nameNumbers.get(':status') ?? 0
/** Statuses that have a number with their value. */
const statusNumbers = new Map(
  staticFields.flatMap(({ name, value }, index) => (name === ':status' ? [[Number(value), index + 1] as const] : [])),
)

/** The same in many answers. All others change with each, and would drive these out of the client's table. */
const repeated: ReadonlySet<string> = new Set([
  'content-type',
  'cache-control',
  'content-encoding',
  'vary',
  'www-authenticate',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
])

/** Room for the status and the head of the frame. */
const fewBytes = 32

export class ResponseEncoder {
  /** What the client's table holds of us, the newest last. */
  readonly #entries: HeaderField[] = []
  #size = 0
  #limit = defaultTableSize
  #resized = false

  /** The client's own limit for its table. Each block must say before anything else that it changed, and the next does. */
  limit(size: number): void {
    const limit = Math.min(size, defaultTableSize)
    if (limit === this.#limit) return
    this.#limit = limit
    this.#forget()
  }

  /**
   * A HEADERS frame, and CONTINUATION frames where it is longer than `frameSize`. `headers` are lower-case names and values in turn. Throws, and writes nothing,
   * where one of them may not stand in a header.
   */
  write(out: SendBuffer, stream: number, status: number, headers: readonly string[], endsStream: boolean, frameSize: number): void {
    out.reserve(fewBytes)
    const start = out.length
    out.length += headSize
    try {
      this.#block(out, status, headers)
    } catch (err) {
      // The client gets nothing of it: half a block would break the connection. What the block has added, its table does not have.
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
    if (ofConnection.has(name)) throw new Error(`HTTP/2 has no header ${JSON.stringify(name)}`)
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
      // The newest has the first number behind the fixed ones.
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

  /** The next block empties the client's table too. */
  #forget(): void {
    this.#evict(0)
    this.#resized = true
  }

  /** As the client does it. */
  #evict(size: number): void {
    while (this.#size > size) {
      const oldest = this.#entries.shift()
      if (oldest === undefined) return
      this.#size -= fieldSize(oldest)
    }
  }
}

/** The block that stands behind `start` and the room for one head becomes several frames. */
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
