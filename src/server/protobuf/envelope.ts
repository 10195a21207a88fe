// The envelope of a message: `k8s`, a zero byte and an Unknown, which has the kind (1) and the message (2). A message as field
// 2 is also an item of a list.

import { schemaFor } from '../../api/schema/model.ts'
import type { BodyParts } from '../http/body-parts.ts'
import { fieldOfJson } from './json-to-protobuf.ts'
import { messages } from './message-plan.ts'
import { varintLength } from './message-writer.ts'

export const protobufType = 'application/vnd.kubernetes.protobuf'

/** The wire type of strings and messages. */
const delimited = 2

/** The first field of every object and list. */
const metadataTag = 8 + delimited

/** The second field, with a length. */
const second = 16 + delimited

/** The encoding and the type of the content, which upstream leaves empty. */
export const envelopeEnd = Buffer.from([0x1a, 0x00, 0x22, 0x00])

/** A kind in protobuf. */
export interface ProtobufKind {
  /** The name of its message. */
  readonly message: string
  /** The envelope before the message. */
  readonly begin: Buffer
}

const known = new Map<string, ProtobufKind>()

/** Undefined for kinds without field numbers: custom resources, this server's own kinds, and Tables. */
export function protobufKind(apiVersion: string, kind: string): ProtobufKind | undefined {
  const key = `${apiVersion} ${kind}`
  const found = known.get(key)
  if (found !== undefined) return found
  const message = messageOf(apiVersion, kind)
  if (message === undefined || !messages.has(message)) return undefined
  const made = { message, begin: beginOf(apiVersion, kind) }
  known.set(key, made)
  return made
}

function messageOf(apiVersion: string, kind: string): string | undefined {
  if (apiVersion === 'meta.k8s.io/v1' || apiVersion === 'meta.k8s.io/v1beta1') return `meta/v1.${kind}`
  const slash = apiVersion.indexOf('/')
  return schemaFor(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind)?.key
}

function beginOf(apiVersion: string, kind: string): Buffer {
  const named = Buffer.concat([textField(1, apiVersion), textField(2, kind)])
  return Buffer.concat([Buffer.from('k8s\0'), lengthField(1, named.length), named])
}

/** A field's tag and length, without its content. */
export function lengthField(number: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(1 + varintLength(length))
  bytes[0] = number * 8 + 2
  let rest = length
  for (let at = 1; at < bytes.length; at++) {
    bytes[at] = at === bytes.length - 1 ? rest : (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  return bytes
}

function textField(number: number, text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([lengthField(number, bytes.length), bytes])
}

/** The object's message as the field 2. `json` is canonical. */
export function messageField({ message }: ProtobufKind, json: Buffer): Buffer {
  return fieldOfJson(second, message, json)
}

/** The message of PartialObjectMetadata as the field 2, of the canonical JSON of the metadata alone. */
export function partialField(metadata: Buffer): Buffer {
  const content = fieldOfJson(metadataTag, 'meta/v1.ObjectMeta', metadata)
  return Buffer.concat([lengthField(2, content.length), content])
}

/** Length of the result of `partialOfField`. */
export function partialOfFieldLength(field: Buffer): number {
  const { start, end } = metadataIn(field)
  return 1 + varintLength(end - start) + end - start
}

/** The same, sliced from the result of `messageField`. */
export function partialOfField(field: Buffer): Buffer {
  const { start, end } = metadataIn(field)
  return Buffer.concat([lengthField(2, end - start), field.subarray(start, end)])
}

/** The metadata field with tag and length. It is usually the first one, as in canonical JSON, but a patch may have moved it. */
function metadataIn(field: Buffer): { readonly start: number; readonly end: number } {
  for (let start = lengthAt(field, 1).end; start < field.length; ) {
    const tag = lengthAt(field, start)
    const value = lengthAt(field, tag.end)
    const end = tag.length % 8 === delimited ? value.end + value.length : value.end
    if (tag.length === metadataTag) return { start, end }
    start = end
  }
  return { start: field.length, end: field.length }
}

/** Reads a varint; tags are varints too. */
function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly end: number } {
  let length = 0
  let end = at
  for (let factor = 1; ; factor *= 0x80) {
    const byte = bytes[end++] ?? 0
    length += (byte & 0x7f) * factor
    if (byte < 0x80) return { length, end }
  }
}

/** `field` is the result of `messageField`. */
export function envelope({ begin }: ProtobufKind, field: Buffer): BodyParts {
  return { parts: [begin, field, envelopeEnd], length: begin.length + field.length + envelopeEnd.length }
}

/** A watch frame: four bytes of length, and a WatchEvent with the object in its envelope. */
export function watchFrame(type: string, kind: ProtobufKind, field: Buffer): Buffer {
  const object = envelope(kind, field)
  const raw = lengthField(1, object.length)
  const event = [textField(1, type), lengthField(2, raw.length + object.length), raw, ...object.parts]
  const length = event.reduce((sum, part) => sum + part.length, 0)
  const prefix = Buffer.allocUnsafe(4)
  prefix.writeUInt32BE(length)
  return Buffer.concat([prefix, ...event], prefix.length + length)
}
