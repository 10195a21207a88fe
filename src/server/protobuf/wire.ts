// Protobuf's wire format: numbered fields with a varint, eight or four bytes, or a length and bytes.

/** Malformed bytes, or a field with another type than in the schema. */
export class WireError extends Error {}

const varint = 0
const fixed64 = 1
const delimited = 2
const fixed32 = 5

/** The content of one field, read with the type of the schema. */
export class Reader {
  readonly #wireType: number
  readonly #content: Buffer
  readonly #number: bigint
  readonly #tally: Tally

  constructor(wireType: number, content: Buffer, number: bigint, tally: Tally) {
    this.#wireType = wireType
    this.#content = content
    this.#number = number
    this.#tally = tally
  }

  bytes(): Buffer {
    if (this.#wireType !== delimited) throw new WireError('a field has another wire type')
    return this.#content
  }

  text(): string {
    const bytes = this.bytes()
    this.#tally.addText(bytes)
    return bytes.toString('utf8')
  }

  /** Unsigned, 64 bits. */
  integer(): bigint {
    if (this.#wireType !== varint) throw new WireError('a field has another wire type')
    return this.#number
  }

  double(): number {
    if (this.#wireType !== fixed64) throw new WireError('a field has another wire type')
    return this.#content.readDoubleLE(0)
  }
}

/** In JSON, each takes six bytes. */
const maxControlCharacters = 262_144

/** Counts and limits what is read of a body: small fields cost far more memory than their bytes, and so do strings that JSON escapes. */
export class Tally {
  /** Infinity for bytes of the server itself, whose strings are not limited either. */
  readonly most: number
  #fields = 0
  #controlCharacters = 0

  constructor(most: number) {
    this.most = most
  }

  add(fields: number): void {
    this.#fields += fields
    if (this.#fields > this.most) throw new WireError(`the body has more than ${this.most} values`)
  }

  addText(bytes: Buffer): void {
    let count = 0
    for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) < 0x20) count++
    this.#controlCharacters += count
    if (this.#controlCharacters > maxControlCharacters && this.most !== Number.POSITIVE_INFINITY)
      throw new WireError(`the body has more than ${maxControlCharacters} control characters`)
  }
}

/** Calls back for each field in order. The first `free` fields are not counted: they belong to a message for a single value, which was counted. */
export function readerOf(bytes: Buffer, tally: Tally, free = 0): { fields(visit: (number: number, field: Reader) => void): void } {
  return {
    fields(visit) {
      let at = 0
      let seen = 0
      const readVarint = (): bigint => {
        let value = 0n
        for (let shift = 0n; shift < 70n; shift += 7n) {
          const byte = bytes[at++]
          if (byte === undefined) throw new WireError('unexpected EOF')
          value |= BigInt(byte & 0x7f) << shift
          if (byte < 0x80) return BigInt.asUintN(64, value)
        }
        throw new WireError('a varint is too long')
      }
      const take = (length: number): Buffer => {
        if (length > bytes.length - at) throw new WireError('unexpected EOF')
        at += length
        return bytes.subarray(at - length, at)
      }
      while (at < bytes.length) {
        if (++seen > free) tally.add(1)
        const tag = Number(readVarint())
        const wireType = tag % 8
        const number = Math.floor(tag / 8)
        if (number === 0) throw new WireError('illegal tag 0')
        if (wireType === varint) visit(number, new Reader(wireType, none, readVarint(), tally))
        else if (wireType === delimited) visit(number, new Reader(wireType, take(Number(readVarint())), 0n, tally))
        else if (wireType === fixed64) visit(number, new Reader(wireType, take(8), 0n, tally))
        else if (wireType === fixed32) visit(number, new Reader(wireType, take(4), 0n, tally))
        else throw new WireError(`illegal wire type ${wireType}`)
      }
    },
  }
}

const none = Buffer.alloc(0)
