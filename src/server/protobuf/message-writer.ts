// Protobuf's bytes, written from the first to the last. The length of a message or text is known only when it ends: room is left for it, and moved where
// another was needed.

export class MessageWriter {
  /** Large enough for all that will be written. */
  readonly out: Buffer
  /** What is written next. */
  to = 0

  constructor(out: Buffer) {
    this.out = out
  }

  byte(value: number): void {
    this.out[this.to++] = value
  }

  /** In UTF-8; no half of one. */
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

  /** Leaves room for a length of so many bytes; returns where it begins. */
  open(room: 1 | 2): number {
    const start = this.to
    this.to += room
    return start
  }

  /** Writes the length of what came since `open(room)`; returns the room for the next that is as long. */
  close(start: number, room: 1 | 2): 1 | 2 {
    const length = this.to - start - room
    const needed = varintLength(length)
    if (needed !== room) this.out.copyWithin(start + needed, start + room, this.to)
    this.to = start
    this.varint(length)
    this.to += length
    return needed === 1 ? 1 : 2
  }

  /** Not negative, and a safe integer. */
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

  /** Negative ones take ten bytes. */
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

  /** Bytes that have their length before them already, or need none. */
  copy(from: Buffer, start: number, end: number): void {
    this.to += from.copy(this.out, this.to, start, end)
  }
}

/** Of a length below 2^35. */
export function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}
