// Reads the header blocks of one connection (RFC 7541). All of them must pass through it in their order, for each may change the table of the next.
import { errorCode, Http2Error } from './frames.ts'
import { fieldSize, type HeaderField, HeaderTable } from './header-table.ts'
import { decodeHuffman } from './huffman.ts'

const nothing = Buffer.alloc(0)
/** No length or number of ours needs more; more bits would not fit an integer. */
const maxIntegerLength = 4

export interface HeaderLimits {
  /** As RFC 7541 counts them: 32 for each field beside its name and value. */
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

  /** Whether the last block went beyond the limits: the fields behind them are left out. */
  get isTooLarge(): boolean {
    return this.#isTooLarge
  }

  /** Bytes that the table holds, as RFC 7541 counts them. */
  get tableSize(): number {
    return this.#table.size
  }

  /** The fields named `wanted`, or all. Of others no more is decoded than the table needs. */
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
        if (isBehind) throw new Http2Error(errorCode.compressionError, 'HPACK: the size of the table changes behind a field')
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
    // An idle connection keeps nothing of what came last.
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

  /** Of which the first byte holds `bits`. */
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
    throw new Http2Error(errorCode.compressionError, 'HPACK: a number is too large')
  }

  #string(): string {
    const coded = (this.#peek() & 0x80) !== 0
    const start = this.#skipString()
    return coded ? decodeHuffman(this.#bytes, start, this.#at) : this.#bytes.toString('latin1', start, this.#at)
  }

  /** Where its content began. */
  #skipString(): number {
    const length = this.#integer(7)
    const start = this.#at
    if (length > this.#end - start) throw new Http2Error(errorCode.compressionError, 'HPACK: a string is longer than its header block')
    this.#at = start + length
    return start
  }
}
