// Writes protobuf front to back. The length of a message or string is known only at its end: room is reserved for it, and the content is moved
// if the size was wrong.

export class MessageWriter {
  /** Must be large enough for everything. */
  readonly out: Buffer
  /** The next offset to write. */
  to = 0

  constructor(out: Buffer) {
    this.out = out
  }

  byte(value: number): void {
    this.out[this.to++] = value
  }

  /** As UTF-8; not a surrogate. */
  character(code: number): void {
    if (code < 0x80) {
      this.byte(code)
      return
    }
    if (code < 0x800) this.byte(0xc0 | (code >> 6))
    else {
      if (code < 0x1_0000) this.byte(0xe0 | (code >> 12))
      else {
        this.byte(0xf0 | (code >> 18))
        this.byte(0x80 | ((code >> 12) & 0x3f))
      }
      this.byte(0x80 | ((code >> 6) & 0x3f))
    }
    this.byte(0x80 | (code & 0x3f))
  }

  /** Reserves room for a length of this many bytes; returns its offset. */
  open(room: 1 | 2): number {
    const start = this.to
    this.to += room
    return start
  }

  /** Writes the length of everything since `open(room)`; returns the size of that length. */
  close(start: number, room: 1 | 2): 1 | 2 {
    const length = this.to - start - room
    const needed = varintLength(length)
    if (needed !== room) this.out.copyWithin(start + needed, start + room, this.to)
    this.to = start
    this.varint(length)
    this.to += length
    return needed === 1 ? 1 : 2
  }

  /** A safe integer, not negative. */
  varint(value: number): void {
    const { out } = this
    let rest = value
    while (rest >= 0x8000_0000) {
      out[this.to++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    while (rest > 0x7f) {
      out[this.to++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    out[this.to++] = rest
  }

  /** Negative numbers take ten bytes. */
  signed(value: number): void {
    if (value >= 0) {
      this.varint(value)
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest > 0x7fn; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80)
    this.byte(Number(rest))
  }

  double(value: number): void {
    this.to = this.out.writeDoubleLE(value, this.to)
  }

  /** Raw bytes, without a length. */
  copy(from: Buffer, start: number, end: number): void {
    this.to += from.copy(this.out, this.to, start, end)
  }
}

/** Size of a varint below 2^35. */
export function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}
