// Converts scalars from JSON at the cursor to protobuf fields at the writer.
import { backslash, type JsonCursor, point, quote } from './json-cursor.ts'
import { type MessageWriter, varintLength } from './message-writer.ts'

const letterU = 0x75
const letterZ = 0x5a
/** Tags of the first fields of a message, as varints and as strings or bytes. */
const [firstNumber, firstBytes, secondNumber, thirdText] = [0x08, 0x0a, 0x10, 0x1a] as const

/** Longer strings without escapes are copied natively. */
const shortBytes = 128

/** A length-prefixed string. */
export function writeText(from: JsonCursor, writer: MessageWriter): void {
  const { json } = from
  const { out } = writer
  from.expect(quote)
  const start = writer.open(1)
  let { at } = from
  let { to } = writer
  const afterShort = at + shortBytes
  for (; ; at++) {
    const byte = json[at]
    if (byte === quote) break
    if (at === afterShort) {
      const end = json.indexOf(quote, at)
      if (end > 0 && !json.subarray(at, end).includes(backslash)) {
        to += json.copy(out, to, at, end)
        at = end
        break
      }
    }
    if (byte === undefined) throw from.fault()
    if (byte !== backslash) {
      out[to++] = byte
      continue
    }
    writer.to = to
    at = writeEscape(from, at + 1, writer)
    to = writer.to
  }
  from.at = at + 1
  writer.to = to
  writer.close(start, 1)
}

/** Characters of escapes by letter; quotes, slashes and backslashes are themselves. */
const escapes = Uint8Array.from({ length: 256 }, (_, letter) => letter)
for (const [letter, character] of ['b\b', 'f\f', 'n\n', 'r\r', 't\t']) escapes[letter?.charCodeAt(0) ?? 0] = character?.charCodeAt(0) ?? 0

/** Writes the character of the escape whose letter is at `at`; returns the offset behind it. */
function writeEscape({ json }: JsonCursor, at: number, writer: MessageWriter): number {
  const letter = json[at] ?? 0
  if (letter !== letterU) {
    writer.byte(escapes[letter] ?? letter)
    return at
  }
  const first = unit(json, at + 1)
  const second = isHighHalf(first) && json[at + 5] === backslash && json[at + 6] === letterU ? unit(json, at + 7) : 0
  if (isLowHalf(second)) {
    writer.character(0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff))
    return at + 10
  }
  // JSON.stringify escapes lone surrogates, which Go reads as U+FFFD.
  writer.character(isHighHalf(first) || isLowHalf(first) ? 0xfffd : first)
  return at + 4
}

const isHighHalf = (code: number): boolean => (code & 0xfc00) === 0xd800
const isLowHalf = (code: number): boolean => (code & 0xfc00) === 0xdc00

const hexDigits = Uint8Array.from({ length: 256 }, (_, digit) => Number.parseInt(String.fromCharCode(digit), 16) || 0)

/** A code unit from four hex digits. An object may have a million, so no strings are created. */
function unit(json: Buffer, at: number): number {
  let value = 0
  for (let i = at; i < at + 4; i++) value = value * 16 + (hexDigits[json[i] ?? 0] ?? 0)
  return value
}

/** RFC 3339 in UTC, with seconds or microseconds. */
export function writeTime(from: JsonCursor, writer: MessageWriter): void {
  const { json } = from
  const start = from.at + 1
  from.skip()
  const end = from.at - 1
  const year = from.digits(start, 4)
  const hasFraction = json[start + 19] === point
  const isPlain = json[end - 1] === letterZ && (hasFraction || end - start === 20) && year >= 100
  const part = (at: number): number => from.digits(start + at, 2)
  const milliseconds = isPlain
    ? Date.UTC(year, part(5) - 1, part(8), part(11), part(14), part(17))
    : Date.parse(json.toString('latin1', start, end))
  if (Number.isNaN(milliseconds)) throw from.fault()
  const nanoseconds = hasFraction
    ? Number.parseInt(
        json
          .toString('latin1', start + 20, end)
          .replace(/\D.*/, '')
          .padEnd(9, '0')
          .slice(0, 9),
        10,
      )
    : 0
  const message = writer.open(1)
  writer.byte(firstNumber)
  writer.signed(Math.floor(milliseconds / 1000))
  writer.byte(secondNumber)
  writer.varint(nanoseconds)
  writer.close(message, 1)
}

/** Any value; the message contains its JSON unchanged. */
export function writeRaw(from: JsonCursor, writer: MessageWriter): void {
  const start = from.at
  from.skip()
  const length = from.at - start
  writer.varint(1 + varintLength(length) + length)
  writer.byte(firstBytes)
  writer.varint(length)
  writer.copy(from.json, start, from.at)
}

export function writeQuantity(from: JsonCursor, writer: MessageWriter): void {
  const message = writer.open(1)
  writer.byte(firstBytes)
  writeText(from, writer)
  writer.close(message, 1)
}

/** IntOrString: its type and both values. */
export function writeIntOrString(from: JsonCursor, writer: MessageWriter): void {
  const message = writer.open(1)
  const isText = from.json[from.at] === quote
  writer.byte(firstNumber)
  writer.byte(isText ? 1 : 0)
  writer.byte(secondNumber)
  writer.signed(isText ? 0 : from.number())
  writer.byte(thirdText)
  if (isText) writeText(from, writer)
  else writer.byte(0)
  writer.close(message, 1)
}

export function writeBytes(from: JsonCursor, writer: MessageWriter): void {
  const content = Buffer.from(from.plainText(), 'base64')
  writer.varint(content.length)
  writer.copy(content, 0, content.length)
}

/** A duration in seconds, as the server writes all of them. */
export function writeDuration(from: JsonCursor, writer: MessageWriter): void {
  const nanoseconds = Math.round(Number(from.plainText().replace(/s$/, '')) * 1e9)
  if (!Number.isSafeInteger(nanoseconds)) throw from.fault()
  const message = writer.open(1)
  writer.byte(firstNumber)
  writer.signed(nanoseconds)
  writer.close(message, 1)
}
