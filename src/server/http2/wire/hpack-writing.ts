// Writers for the parts of header blocks (RFC 7541, 5 and 6).
import { writeJson } from '../../../base/write-json.ts'
import type { SendBuffer } from './send-buffer.ts'

/** The pattern in the first byte of a field; the rest of the byte is an integer. */
export const indexed = 0x80
export const added = 0x40
const resized = 0x20

/** Room for the integers of a field, beside its strings. */
const fewBytes = 16

/** `first` is the pattern above the `bits` of the first byte. */
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

/** A literal field without indexing, by the index of its name. */
export function writeLiteral(out: SendBuffer, name: number, value: string): void {
  out.reserve(fewBytes)
  writeInteger(out, 0, 4, name)
  writeText(out, value)
}

/** A table size update, at the beginning of a block. It goes to 0 first, so that both sides agree on what the table holds. */
export function writeResize(out: SendBuffer, limit: number): void {
  out.reserve(fewBytes)
  writeInteger(out, resized, 5, 0)
  writeInteger(out, resized, 5, limit)
}

/** Without Huffman: compressing costs more than sending. Throws for anything but one line of Latin-1, which the peer would read as another text or header. */
export function writeText(out: SendBuffer, value: string): void {
  out.reserve(fewBytes + value.length)
  writeInteger(out, 0, 7, value.length)
  const { bytes } = out
  let at = out.length
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if ((code < 0x20 && code !== tab) || code === 0x7f || code > 0xff) throw new Error(`a header must not contain ${writeJson(value)}`)
    bytes[at++] = code
  }
  out.length = at
}

const tab = 9
