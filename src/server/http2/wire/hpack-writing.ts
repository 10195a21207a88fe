// What header blocks are written of (RFC 7541, 5 and 6).
import type { SendBuffer } from './send-buffer.ts'

/** What the first byte of a field says; the rest of it is a number. */
export const indexed = 0x80
export const added = 0x40
const resized = 0x20

/** Room for the numbers of a field beside its texts. */
const fewBytes = 16

/** `first` is what stands above the `bits` of the first byte. */
export function writeInteger(out: SendBuffer, first: number, bits: number, value: number): void {
  const most = (1 << bits) - 1
  if (value < most) {
    out.byte(first | value)
    return
  }
  out.byte(first | most)
  let rest = value - most
  for (; rest >= 0x80; rest >>>= 7) out.byte((rest & 0x7f) | 0x80)
  out.byte(rest)
}

/** A field that no table keeps, by the number of its name. */
export function writeLiteral(out: SendBuffer, name: number, value: string): void {
  out.reserve(fewBytes)
  writeInteger(out, 0, 4, name)
  writeText(out, value)
}

/** The size of the peer's table, before anything else in a block. To nothing first: both sides then agree on what the table holds. */
export function writeResize(out: SendBuffer, limit: number): void {
  out.reserve(fewBytes)
  writeInteger(out, resized, 5, 0)
  writeInteger(out, resized, 5, limit)
}

/** Uncompressed: to make it shorter would cost more than to send it. What is no Latin text of one line would be another text, or another header, for the peer. */
export function writeText(out: SendBuffer, value: string): void {
  out.reserve(fewBytes + value.length)
  writeInteger(out, 0, 7, value.length)
  const { bytes } = out
  let at = out.length
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if ((code < 0x20 && code !== tab) || code === 0x7f || code > 0xff) throw new Error(`a header may not hold ${JSON.stringify(value)}`)
    bytes[at++] = code
  }
  out.length = at
}

const tab = 9
