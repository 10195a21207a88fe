// The format of one revision on disk: a header with what memory needs for its indexes, then the bytes of the object.
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'

/** What is known of a record without opening it. All of it is bound to the sealed record. */
export interface RecordKey {
  readonly revision: number
  /** The revision that this one replaces; 0 if the object did not exist. */
  readonly previous: number
  readonly deleted: boolean
}

export interface RecordHeader {
  readonly groupResource: string
  readonly namespace: string
  readonly name: string
  /** Milliseconds since the Unix epoch when the write was decided. */
  readonly at: number
  readonly fieldsVersion: number
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly extraFields: Readonly<Record<string, string>> | undefined
}

export interface PlainRecord extends RecordKey {
  readonly header: RecordHeader
  readonly bytes: Buffer
}

/**
 * Records in one buffer, so that a group needs one message between the threads and no copy, and is sealed as one. `keys` holds revision,
 * previous, deleted, offset and length of each; a record in `data` is a 32-bit length, the header as a JSON array, and the object.
 */
export interface PackedRecords {
  readonly keys: Float64Array<ArrayBuffer>
  readonly data: ArrayBuffer
}

const keyWidth = 5
const offsetAt = 3
/** Places and descriptions that many headers share. */
const maxRemembered = 1000

export function pack(records: readonly PlainRecord[]): PackedRecords {
  const headers = records.map(({ header }) => encodeHeader(header))
  const headerLengths = headers.map(header => Buffer.byteLength(header))
  let size = 0
  records.forEach(({ bytes }, i) => {
    size += 4 + (headerLengths[i] ?? 0) + bytes.length
  })
  const data = new ArrayBuffer(size)
  const buffer = Buffer.from(data)
  const keys = new Float64Array(records.length * keyWidth)
  let offset = 0
  records.forEach(({ revision, previous, deleted, bytes }, i) => {
    const headerLength = headerLengths[i] ?? 0
    const length = 4 + headerLength + bytes.length
    keys.set([revision, previous, Number(deleted), offset, length], i * keyWidth)
    buffer.writeUInt32LE(headerLength, offset)
    buffer.write(headers[i] ?? '', offset + 4)
    bytes.copy(buffer, offset + 4 + headerLength)
    offset += length
  })
  return { keys, data }
}

/** Packs one record that is already in that form. */
export function packPlain({ revision, previous, deleted }: RecordKey, plain: Uint8Array): PackedRecords {
  return { keys: Float64Array.of(revision, previous, Number(deleted), 0, plain.length), data: new Uint8Array(plain).buffer }
}

/**
 * Calls `visit` for each; the bytes are views of the packed memory. Parts that neighbours share are parsed once, because a start reads all
 * records.
 */
export function forEachRecord(records: PackedRecords, visit: (record: PlainRecord) => void): void {
  const all = Buffer.from(records.data)
  for (let i = 0; i < records.keys.length; i += keyWidth) {
    const { revision, previous, deleted, offset, length } = placeAt(records.keys, i)
    const object = offset + 4 + all.readUInt32LE(offset)
    const header = decodeHeader(all, offset + 4, object)
    visit({ revision, previous, deleted, header, bytes: all.subarray(object, offset + length) })
  }
}

export interface RecordPlace extends RecordKey {
  /** Offset of the record in the data. */
  readonly offset: number
  readonly length: number
}

export function* recordPlaces(keys: Float64Array): Generator<RecordPlace> {
  for (let i = 0; i < keys.length; i += keyWidth) yield placeAt(keys, i)
}

function placeAt(keys: Float64Array, at: number): RecordPlace {
  return {
    revision: keys[at] ?? 0,
    previous: keys[at + 1] ?? 0,
    deleted: keys[at + 2] !== 0,
    offset: keys[at + offsetAt] ?? 0,
    length: keys[at + 4] ?? 0,
  }
}

/** The `keys` with these bytes, in little-endian order as on every machine that Node supports; undefined if they are invalid. */
export function placesOf(bytes: Uint8Array): Float64Array<ArrayBuffer> | undefined {
  if (bytes.length === 0 || bytes.length % (keyWidth * Float64Array.BYTES_PER_ELEMENT) !== 0) return undefined
  return new Float64Array(new Uint8Array(bytes).buffer)
}

export const lastRevision = (keys: Float64Array): number => keys[keys.length - keyWidth] ?? 0

/** All of them in one, without the given revisions. */
export function joinPacked(blocks: readonly PackedRecords[], isLeftOut: (revision: number) => boolean = () => false): PackedRecords {
  const joined = new Uint8Array(blocks.reduce((sum, { keys }) => sum + bytesOf(keys), 0))
  const all = new Float64Array(blocks.reduce((sum, { keys }) => sum + keys.length, 0))
  let at = 0
  let bytes = 0
  for (const { keys, data } of blocks) {
    for (let i = 0; i < keys.length; i += keyWidth) {
      const { revision, offset, length } = placeAt(keys, i)
      if (isLeftOut(revision)) continue
      joined.set(new Uint8Array(data, offset, length), bytes)
      all.set(keys.subarray(i, i + keyWidth), at)
      all[at + offsetAt] = bytes
      at += keyWidth
      bytes += length
    }
  }
  return at === all.length ? { keys: all, data: joined.buffer } : { keys: all.slice(0, at), data: joined.buffer.slice(0, bytes) }
}

function bytesOf(keys: Float64Array): number {
  let bytes = 0
  for (let i = 0; i < keys.length; i += keyWidth) bytes += placeAt(keys, i).length
  return bytes
}

/** In pieces of about this many bytes, each with at least one record. */
export function* splitPacked(records: PackedRecords, maxBytes: number): Generator<PackedRecords> {
  const { keys, data } = records
  if (data.byteLength <= maxBytes) {
    yield records
    return
  }
  let start = 0
  for (let i = 0; i < keys.length; i += keyWidth) {
    const from = placeAt(keys, start).offset
    const { offset, length } = placeAt(keys, i)
    const isLast = i + keyWidth === keys.length
    if (!isLast && offset + length - from < maxBytes) continue
    yield joinPacked([{ keys: keys.slice(start, i + keyWidth), data }])
    start = i + keyWidth
  }
}

type DescribedArray = [number, Record<string, string> | 0, Record<string, string> | 0]
type HeaderArray = [string, string, string, number, ...DescribedArray]

function encodeHeader({ groupResource, namespace, name, at, fieldsVersion, labels, extraFields }: RecordHeader): string {
  return writeJson([groupResource, namespace, name, at, fieldsVersion, presentOr0(labels), presentOr0(extraFields)] satisfies HeaderArray)
}

function presentOr0(map: Readonly<Record<string, string>> | undefined): Record<string, string> | 0 {
  for (const _ in map) return map
  return 0
}

/** The JSON array between two offsets of `data`. It is authenticated: only this module has written it. */
function decodeHeader(data: Buffer, from: number, to: number): RecordHeader {
  const text = data.toString('utf8', from, to)
  // Of as many characters as bytes is ASCII, whose places are the same in both.
  if (text.length === to - from && !text.includes('\\')) return splitHeader(text, data, from)
  const [groupResource, namespace, name, at, ...rest] = parseJson(text) as HeaderArray
  return { groupResource, namespace, name, at, ...described(rest) }
}

/**
 * Avoids parsing what many headers share, because a start reads the header of each object, neighbours are often of the same resource and
 * namespace, and labels come from a few templates. For ASCII without escapes. The name is copied from `data`, because a slice would keep
 * the whole string in memory.
 */
function splitHeader(text: string, data: Buffer, from: number): RecordHeader {
  if (!text.startsWith(lastBeginning)) lastBeginning = text.slice(0, placeOfName(text))
  const { groupResource, namespace } = sharedPlace(lastBeginning)
  const nameStart = lastBeginning.length
  const nameEnd = text.indexOf('"', nameStart)
  const atEnd = text.indexOf(',', nameEnd + 2)
  return {
    groupResource,
    namespace,
    name: data.toString('latin1', from + nameStart, from + nameEnd),
    at: Number(text.slice(nameEnd + 2, atEnd)),
    ...sharedDescription(text.slice(atEnd + 1)),
  }
}

/** Up to the name, with its quote: no other header begins like this. */
let lastBeginning = '["","","'

function placeOfName(text: string): number {
  const resourceEnd = text.indexOf('"', 2)
  return text.indexOf('"', resourceEnd + 3) + 3
}

const sharedPlace = remembering((beginning: string): Pick<RecordHeader, 'groupResource' | 'namespace'> => {
  const [groupResource, namespace] = parseJson(`${beginning}"]`) as [string, string]
  return { groupResource, namespace }
})

type Described = Pick<RecordHeader, 'fieldsVersion' | 'labels' | 'extraFields'>

/** Parses the end of a header. */
const sharedDescription = remembering((end: string): Described => described(parseJson(`[${end}`) as DescribedArray))

const described = ([fieldsVersion, labels, extraFields]: DescribedArray): Described => ({
  fieldsVersion,
  labels: labels || undefined,
  extraFields: extraFields || undefined,
})

/** Caches `read`: the same text gives the same value for a while. Nobody changes the value, so it can be shared. */
function remembering<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    let value = known.get(text)
    if (value === undefined) {
      value = read(text)
      // Cleared rather than aged: what is used again is soon back.
      if (known.size >= maxRemembered) known.clear()
      known.set(text, value)
    }
    return value
  }
}
