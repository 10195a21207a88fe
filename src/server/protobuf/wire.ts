// Protobuf's wire format: numbered fields with a varint, eight or four bytes, or a length and bytes.

/** Bytes that are no protobuf, or a field of another type than the schema says. */
export class WireError extends Error {}

const varint = 0
const fixed64 = 1
const delimited = 2
const fixed32 = 5

/** One field's content, read as what the schema says it is. */
export class Reader {
  readonly #wireType: number
  readonly #content: Buffer
  readonly #number: bigint

  constructor(wireType: number, content: Buffer, number: bigint) {
    this.#wireType = wireType
    this.#content = content
    this.#number = number
  }

  bytes(): Buffer {
    if (this.#wireType !== delimited) throw new WireError('a field has another wire type')
    return this.#content
  }

  text(): string {
    return this.bytes().toString('utf8')
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

/** Calls back for each field in its order. */
export function readerOf(bytes: Buffer): { fields(visit: (number: number, field: Reader) => void): void } {
  return {
    fields(visit) {
      let at = 0
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
        const tag = Number(readVarint())
        const wireType = tag % 8
        const number = Math.floor(tag / 8)
        if (number === 0) throw new WireError('illegal tag 0')
        if (wireType === varint) visit(number, new Reader(wireType, none, readVarint()))
        else if (wireType === delimited) visit(number, new Reader(wireType, take(Number(readVarint())), 0n))
        else if (wireType === fixed64) visit(number, new Reader(wireType, take(8), 0n))
        else if (wireType === fixed32) visit(number, new Reader(wireType, take(4), 0n))
        else throw new WireError(`illegal wire type ${wireType}`)
      }
    },
  }
}

const none = Buffer.alloc(0)
