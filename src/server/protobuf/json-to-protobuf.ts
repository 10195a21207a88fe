// Converts canonical JSON of a built-in kind to protobuf, from bytes to bytes: it creates no objects, copies strings, and does not parse raw values such as
// `fieldsV1`.

import { backslash, closeBrace, closeBracket, comma, JsonCursor, letterN, letterT, openBrace, openBracket, quote } from './json-cursor.ts'
import { writeBytes, writeDuration, writeIntOrString, writeQuantity, writeRaw, writeText, writeTime } from './json-scalars.ts'
import { type FieldPlan, type MessagePlan, planOf, unwrapped, type ValueKind } from './message-plan.ts'
import { MessageWriter } from './message-writer.ts'

/** The largest growth: a negative number of two bytes in JSON takes eleven. */
const maxGrowth = 6

/** The reused output buffer is kept up to this size. */
const keptBytes = 512 * 1024

let kept = Buffer.allocUnsafeSlow(64 * 1024)

/** The message as field `tag` of another one, in new memory. `json` is an object of the message's kind. */
export function fieldOfJson(tag: number, message: string, json: Buffer): Buffer {
  const needed = json.length * maxGrowth + 64
  const out = needed <= kept.length ? kept : Buffer.allocUnsafeSlow(needed)
  if (needed <= keptBytes) kept = out
  const from = new JsonCursor(json)
  const writer = new MessageWriter(out)
  writer.varint(tag)
  const start = writer.open(2)
  writeMessage(from, planOf(message), writer)
  writer.close(start, 2)
  if (from.at !== json.length || writer.to > out.length) throw from.fault()
  const bytes = Buffer.allocUnsafeSlow(writer.to)
  out.copy(bytes, 0, 0, writer.to)
  return bytes
}

const noStarts: readonly number[] = []

function writeMessage(from: JsonCursor, plan: MessagePlan, writer: MessageWriter): void {
  const { json } = from
  from.expect(openBrace)
  if (json[from.at] === closeBrace) {
    from.at++
    return
  }
  let around = unwrapped
  let starts = noStarts
  for (;;) {
    const field = fieldOf(from, plan)
    if (field === undefined || json[from.at] === letterN) from.skip()
    else {
      if (field.around !== around) {
        starts = moveInto(field.around, around, starts, writer)
        around = field.around
      }
      writeField(from, field, writer)
    }
    if (json[from.at] !== comma) break
    from.at++
  }
  from.expect(closeBrace)
  if (starts.length > 0) moveInto(unwrapped, around, starts, writer)
}

/** Closes the inline messages of the last field that the next one is not in, innermost first, and opens the others; returns their offsets. */
function moveInto(next: readonly number[], last: readonly number[], starts: readonly number[], writer: MessageWriter): readonly number[] {
  let common = 0
  while (common < next.length && next[common] === last[common]) common++
  for (let index = starts.length - 1; index >= common; index--) writer.close(starts[index] ?? 0, 1)
  const opened = next.slice(common).map(tag => {
    writer.varint(tag)
    return writer.open(1)
  })
  return [...starts.slice(0, common), ...opened]
}

/** Reads a name and its colon; undefined for a member that is not a field. */
function fieldOf(from: JsonCursor, { slots }: MessagePlan): FieldPlan | undefined {
  const { json } = from
  from.expect(quote)
  const start = from.at
  let hash = 0
  let end = start
  for (; ; end++) {
    const byte = json[end]
    if (byte === quote) break
    // Field names need no escapes.
    if (byte === undefined || byte === backslash) {
      from.at = from.stringEnd(start - 1) + 1
      return undefined
    }
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  from.at = end + 2
  const mask = slots.length - 1
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const field = slots[slot]
    if (field === undefined || isNamed(field.name, json, start, end)) return field
  }
}

function isNamed(name: Buffer, json: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let i = 0; i < name.length; i++) if (name[i] !== json[start + i]) return false
  return true
}

function writeField(from: JsonCursor, field: FieldPlan, writer: MessageWriter): void {
  if (field.shape === 'one') {
    writer.varint(field.tag)
    writeValue(from, field, writer)
    return
  }
  const isList = field.shape === 'list'
  const closing = isList ? closeBracket : closeBrace
  from.expect(isList ? openBracket : openBrace)
  if (from.json[from.at] === closing) {
    from.at++
    return
  }
  for (;;) {
    writer.varint(field.tag)
    if (isList) writeValue(from, field, writer)
    else writeEntry(from, field, writer)
    if (from.json[from.at] !== comma) break
    from.at++
  }
  from.expect(closing)
}

/** A map entry is a message of key and value. */
function writeEntry(from: JsonCursor, field: FieldPlan, writer: MessageWriter): void {
  const start = writer.open(1)
  writer.byte(0x0a)
  writeText(from, writer)
  from.at++
  writer.varint(field.valueTag)
  writeValue(from, field, writer)
  writer.close(start, 1)
}

function writeValue(from: JsonCursor, field: FieldPlan, writer: MessageWriter): void {
  const first = from.json[from.at]
  // In a list or map. Of null values only raw ones are written.
  if (first === letterN && field.kind !== 'raw') {
    writeNothing(field.kind, writer)
    from.skip()
    return
  }
  switch (field.kind) {
    case 'text':
      writeText(from, writer)
      return
    case 'message': {
      field.message ??= planOf(field.type)
      const { room } = field
      const start = writer.open(room)
      writeMessage(from, field.message, writer)
      field.room = writer.close(start, room)
      return
    }
    case 'whole':
      writer.signed(from.number())
      return
    case 'flag':
      writer.byte(first === letterT ? 1 : 0)
      from.skip()
      return
    case 'time':
      writeTime(from, writer)
      return
    case 'raw':
      writeRaw(from, writer)
      return
    case 'quantity':
      writeQuantity(from, writer)
      return
    case 'intOrString':
      writeIntOrString(from, writer)
      return
    case 'double':
      writer.double(from.number())
      return
    case 'bytes':
      writeBytes(from, writer)
      return
    case 'duration':
      writeDuration(from, writer)
      return
    default:
      writeWrapped(from, field.kind, writer)
  }
}

/** Zero, false, or an empty string or message. */
function writeNothing(kind: ValueKind, writer: MessageWriter): void {
  if (kind === 'double') writer.double(0)
  else writer.byte(0)
}

/** A list of strings, or a schema or alternative, as fields of a message that has no member in JSON. */
function writeWrapped(from: JsonCursor, kind: 'texts' | 'schemaOrBool' | 'schemaOrArray' | 'schemaOrStrings', writer: MessageWriter): void {
  const first = from.json[from.at]
  const start = writer.open(1)
  if (kind === 'texts') writeField(from, texts, writer)
  else if (first === openBracket) writeField(from, kind === 'schemaOrStrings' ? secondTexts : secondSchemas, writer)
  else if (first !== openBrace) writeField(from, flag, writer)
  else if (kind === 'schemaOrBool') {
    // A schema means that it is allowed.
    writer.varint(flag.tag)
    writer.byte(1)
    writeField(from, secondSchema, writer)
  } else writeField(from, schema, writer)
  writer.close(start, 1)
}

const texts = hiddenField(1, 'text', 'list')
const secondTexts = hiddenField(2, 'text', 'list')
const flag = hiddenField(1, 'flag', 'one')
const schema = hiddenField(1, 'message', 'one')
const secondSchema = hiddenField(2, 'message', 'one')
const secondSchemas = hiddenField(2, 'message', 'list')

function hiddenField(number: 1 | 2, kind: 'text' | 'flag' | 'message', shape: 'one' | 'list'): FieldPlan {
  const tag = number * 8 + (kind === 'flag' ? 0 : 2)
  const type = kind === 'message' ? 'apiextensions/v1.JSONSchemaProps' : ''
  return { name: Buffer.alloc(0), kind, shape, tag, valueTag: 0, around: unwrapped, type, message: undefined, room: 1 }
}
