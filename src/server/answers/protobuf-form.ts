// Entries and values in protobuf: whole objects of kinds with a message, and metadata of all kinds.
import { writeJson } from '../../base/write-json.ts'
import type { Entry } from '../../store/store.ts'
import { EncodedForms } from '../protobuf/encoded-forms.ts'
import { messageField, type ProtobufKind, partialField, partialOfField, partialOfFieldLength, protobufKind } from '../protobuf/envelope.ts'
import type { AnswerForm } from '../request/negotiate.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import { metadataBytes } from './partial-bytes.ts'

const servedKinds = new WeakMap<ServedResource, ProtobufKind>()

/** Undefined for kinds without protobuf. */
export function servedKind(served: ServedResource): ProtobufKind | undefined {
  const known = servedKinds.get(served)
  if (known !== undefined) return known
  const { custom, kind } = served.definition
  const found = custom === undefined ? protobufKind(served.apiVersion, kind) : undefined
  if (found !== undefined) servedKinds.set(served, found)
  return found
}

/** Entries of one resource in one form. */
export interface EntryFields {
  readonly kind: ProtobufKind
  readonly list: ProtobufKind
  /** The message as field 2 of an envelope or a list. */
  field(entry: Entry): Buffer
  /** Length of that field. */
  size(entry: Entry): number
}

/** One cache per process, since it limits the memory of the process. Encoding costs about as much as parsing, joining cached bytes nearly nothing. */
const objects = new EncodedForms(64 * 1024 * 1024)
const metadata = new EncodedForms(16 * 1024 * 1024)

/** For a negotiated form, which the resource therefore has. */
export function entryFields(served: ServedResource, { as, metaVersion }: Pick<AnswerForm, 'as' | 'metaVersion'>): EntryFields {
  const { view, apiVersion, definition } = served
  const kind = servedKind(served)
  const whole = (of: ProtobufKind, entry: Entry): Buffer => kept(objects, entry, view.bytes(entry), json => messageField(of, json))
  if (as !== 'partial') {
    if (kind === undefined) throw new Error(`${apiVersion} ${definition.kind} has no form in protobuf`)
    const field = (entry: Entry): Buffer => whole(kind, entry)
    return { kind, list: required(apiVersion, definition.listKind), field, size: entry => field(entry).length }
  }
  const named = { kind: required(metaVersion, 'PartialObjectMetadata'), list: required(metaVersion, 'PartialObjectMetadataList') }
  if (kind === undefined) {
    const field = (entry: Entry): Buffer => kept(metadata, entry, view.bytes(entry), json => partialField(metadataBytes(json)))
    return { ...named, field, size: entry => field(entry).length }
  }
  // Metadata is cut out of whole objects, which others read as well, so one cached form serves both.
  return { ...named, field: entry => partialOfField(whole(kind, entry)), size: entry => partialOfFieldLength(whole(kind, entry)) }
}

/** Bytes of large objects come from a file, so they cannot be cache keys, and their forms are not cached. */
function kept(forms: EncodedForms, { large }: Entry, json: Buffer, make: (json: Buffer) => Buffer): Buffer {
  return large === undefined ? forms.get(json, make) : make(json)
}

function required(apiVersion: string, name: string): ProtobufKind {
  const kind = protobufKind(apiVersion, name)
  if (kind === undefined) throw new Error(`${apiVersion} ${name} has no form in protobuf`)
  return kind
}

/** The value's kind and its message as field 2; undefined if its kind has no message. */
export function valueField(value: unknown): { readonly kind: ProtobufKind; readonly field: Buffer } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  // The list of versions of the core group has no apiVersion.
  const { apiVersion = 'v1', kind: name } = value as { readonly apiVersion?: unknown; readonly kind?: unknown }
  if (typeof apiVersion !== 'string' || typeof name !== 'string') return undefined
  const kind = protobufKind(apiVersion, name)
  return kind && { kind, field: messageField(kind, Buffer.from(writeJson(value))) }
}
