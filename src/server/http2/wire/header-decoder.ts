// Decodes the header blocks of one connection (RFC 7541). It must get all of them in order, because each may change the dynamic table.
import { errorCode, Http2Error } from './frames.ts'
import { fieldSize, type HeaderField, HeaderTable } from './header-table.ts'
import { decodeHuffman } from './huffman.ts'

const nothing = Buffer.alloc(0)
/** Continuation bytes of an integer. No valid length or index needs more, and more bits would overflow. */
const maxIntegerLength = 4

export interface HeaderLimits {
  /** As RFC 7541 counts: name, value and 32 for each field. */
  readonly bytes: number
  readonly fields: number
}

export class HeaderDecoder {
  readonly #table = new HeaderTable()
  readonly #limits: HeaderLimits
  #isTooLarge = false
  #bytes: Buffer = nothing
  #at = 0
  #end = 0

  constructor(limits: HeaderLimits = { bytes: Number.POSITIVE_INFINITY, fields: Number.POSITIVE_INFINITY }) {
    this.#limits = limits
  }

  /** Whether the last block exceeded the limits; the fields beyond them are dropped. */
  get isTooLarge(): boolean {
    return this.#isTooLarge
  }

  /** Size of the dynamic table, as RFC 7541 counts it. */
  get tableSize(): number {
    return this.#table.size
  }

  /** The fields named `wanted`, or all. Of other fields only what the dynamic table needs is decoded. */
  decode(bytes: Buffer, start: number, end: number, wanted?: string): HeaderField[] {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    const fields: HeaderField[] = []
    let size = 0
    let isBehind = false
    this.#isTooLarge = false
    while (this.#at < end) {
      const first = this.#peek()
      if ((first & 0xe0) === 0x20) {
        if (isBehind) throw new Http2Error(errorCode.compressionError, 'HPACK: a table size update comes after a field')
        this.#table.resize(this.#integer(5))
        continue
      }
      isBehind = true
      const field = (first & 0x80) !== 0 ? this.#table.get(this.#integer(7)) : this.#literal((first & 0x40) !== 0, wanted)
      if (field === undefined || (wanted !== undefined && field.name !== wanted)) continue
      size += fieldSize(field)
      if (size > this.#limits.bytes || fields.length === this.#limits.fields) this.#isTooLarge = true
      else fields.push(field)
    }
    // An idle connection must not keep the memory of its last block.
    this.#bytes = nothing
    return fields
  }

  #literal(added: boolean, wanted: string | undefined): HeaderField | undefined {
    const number = this.#integer(added ? 6 : 4)
    const name = number === 0 ? this.#string() : this.#table.get(number).name
    if (!added && wanted !== undefined && name !== wanted) {
      this.#skipString()
      return undefined
    }
    const field = { name, value: this.#string() }
    if (added) this.#table.add(field)
    return field
  }

  #peek(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined
    if (byte === undefined) throw new Http2Error(errorCode.compressionError, 'HPACK: a header block ends within a field')
    return byte
  }

  /** An integer with a prefix of `bits` bits. */
  #integer(bits: number): number {
    const most = (1 << bits) - 1
    let value = this.#peek() & most
    this.#at++
    if (value < most) return value
    for (let more = 0; more < maxIntegerLength; more++) {
      const byte = this.#peek()
      this.#at++
      value += (byte & 0x7f) << (7 * more)
      if (byte < 0x80) return value
    }
    throw new Http2Error(errorCode.compressionError, 'HPACK: an integer is too large')
  }

  #string(): string {
    const coded = (this.#peek() & 0x80) !== 0
    const start = this.#skipString()
    return coded ? decodeHuffman(this.#bytes, start, this.#at) : this.#bytes.toString('latin1', start, this.#at)
  }

  /** Returns the offset of the string's content. */
  #skipString(): number {
    const length = this.#integer(7)
    const start = this.#at
    if (length > this.#end - start) throw new Http2Error(errorCode.compressionError, 'HPACK: a string is longer than its header block')
    this.#at = start + length
    return start
  }
}
