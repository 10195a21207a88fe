// The form of one revision on its way to the disk and back: a header with what memory needs to index it, then the object's bytes.
import { parseJson } from '../../base/json.ts'

/** What is known of a record without opening it. All of it is bound to the sealed record. */
export interface RecordKey {
  readonly revision: number
  /** The revision that this one replaces; 0 where the object did not exist. */
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
 * Records side by side in one piece of memory, so that a group costs one message between the threads and no copy there. `keys` holds
 * revision, previous, deleted, offset, length and data key of each; a record in `data` is a 32-bit length, the header as a JSON array,
 * the object; with a data key it is that under seal.
 */
export interface PackedRecords {
  readonly keys: Float64Array<ArrayBuffer>
  readonly data: ArrayBuffer
}

export const keyWidth = 6
/** In the place of the data key: the record is open. */
export const noDataKey = 0

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
    keys.set([revision, previous, Number(deleted), offset, length, noDataKey], i * keyWidth)
    buffer.writeUInt32LE(headerLength, offset)
    buffer.write(headers[i] ?? '', offset + 4)
    bytes.copy(buffer, offset + 4 + headerLength)
    offset += length
  })
  return { keys, data }
}

/** Calls `visit` for each; `bytes` is a view of the packed memory, sealed unless `dataKey` is `noDataKey`. */
export function forEachPacked(records: PackedRecords, visit: (key: RecordKey, bytes: Buffer, dataKey: number) => void): void {
  const all = Buffer.from(records.data)
  for (let i = 0; i < records.keys.length; i += keyWidth) {
    const { offset, length, dataKey, ...key } = packedKey(records, i)
    visit(key, all.subarray(offset, offset + length), dataKey)
  }
}

/** As `forEachPacked` with `readRecord`, without a view of each record in between: a start reads all there are. */
export function forEachRecord(records: PackedRecords, visit: (record: PlainRecord) => void): void {
  const all = Buffer.from(records.data)
  for (let i = 0; i < records.keys.length; i += keyWidth) {
    const { revision, previous, deleted, offset, length } = packedKey(records, i)
    const object = offset + 4 + all.readUInt32LE(offset)
    const header = decodeHeader(all, offset + 4, object)
    visit({ revision, previous, deleted, header, bytes: all.subarray(object, offset + length) })
  }
}

function packedKey({ keys }: PackedRecords, at: number) {
  return {
    revision: keys[at] ?? 0,
    previous: keys[at + 1] ?? 0,
    deleted: keys[at + 2] !== 0,
    offset: keys[at + 3] ?? 0,
    length: keys[at + 4] ?? 0,
    dataKey: keys[at + 5] ?? noDataKey,
  }
}

export function areOpen({ keys }: PackedRecords): boolean {
  return keys.length === 0 || keys[keyWidth - 1] === noDataKey
}

/** Collects records one after the other and copies them into one piece of memory. */
export class RecordPacker {
  readonly #keys: number[] = []
  readonly #records: Uint8Array[] = []
  bytes = 0

  add({ revision, previous, deleted }: RecordKey, record: Uint8Array, dataKey: number): void {
    this.#keys.push(revision, previous, Number(deleted), this.bytes, record.length, dataKey)
    this.#records.push(record)
    this.bytes += record.length
  }

  pack(): PackedRecords {
    const data = new ArrayBuffer(this.bytes)
    const target = new Uint8Array(data)
    let offset = 0
    for (const record of this.#records) {
      target.set(record, offset)
      offset += record.length
    }
    return { keys: Float64Array.from(this.#keys), data }
  }
}

export function readRecord(key: RecordKey, plain: Buffer): PlainRecord {
  const headerLength = plain.readUInt32LE(0)
  const header = decodeHeader(plain, 4, 4 + headerLength)
  return { ...key, header, bytes: plain.subarray(4 + headerLength) }
}

type DescribedArray = [number, Record<string, string> | 0, Record<string, string> | 0]
type HeaderArray = [string, string, string, number, ...DescribedArray]

function encodeHeader({ groupResource, namespace, name, at, fieldsVersion, labels, extraFields }: RecordHeader): string {
  return JSON.stringify([
    groupResource,
    namespace,
    name,
    at,
    fieldsVersion,
    presentOr0(labels),
    presentOr0(extraFields),
  ] satisfies HeaderArray)
}

function presentOr0(map: Readonly<Record<string, string>> | undefined): Record<string, string> | 0 {
  for (const _ in map) return map
  return 0
}

/** The JSON array between two places of `data`. Authenticated before it gets here: only this module has written it. */
function decodeHeader(data: Buffer, from: number, to: number): RecordHeader {
  const text = data.toString('utf8', from, to)
  // Of as many characters as bytes is ASCII, whose places are the same in both.
  if (text.length === to - from && !text.includes('\\')) return splitHeader(text, data, from)
  const [groupResource, namespace, name, at, ...rest] = parseJson(text) as HeaderArray
  return { groupResource, namespace, name, at, ...described(rest) }
}

/**
 * Without parsing what many headers share: a start reads each object's, and labels come from a few templates. For ASCII without escapes. The
 * name is cut from `data`, since a piece of a string keeps all of it in memory.
 */
function splitHeader(text: string, data: Buffer, from: number): RecordHeader {
  const resourceEnd = text.indexOf('"', 2)
  const namespaceEnd = text.indexOf('"', resourceEnd + 3)
  const nameEnd = text.indexOf('"', namespaceEnd + 3)
  const atEnd = text.indexOf(',', nameEnd + 2)
  return {
    groupResource: text.slice(2, resourceEnd),
    namespace: text.slice(resourceEnd + 3, namespaceEnd),
    name: data.toString('latin1', from + namespaceEnd + 3, from + nameEnd),
    at: Number(text.slice(nameEnd + 2, atEnd)),
    ...sharedDescription(text.slice(atEnd + 1)),
  }
}

type Described = Pick<RecordHeader, 'fieldsVersion' | 'labels' | 'extraFields'>

const known = new Map<string, Described>()
const mostKnown = 1000

/** Of the end of a header. Nobody changes what it returns, so all who have the same share it. */
function sharedDescription(end: string): Described {
  let description = known.get(end)
  if (description === undefined) {
    description = described(parseJson(`[${end}`) as DescribedArray)
    // Begun anew rather than aged: what comes again is back at once.
    if (known.size >= mostKnown) known.clear()
    known.set(end, description)
  }
  return description
}

const described = ([fieldsVersion, labels, extraFields]: DescribedArray): Described => ({
  fieldsVersion,
  labels: labels || undefined,
  extraFields: extraFields || undefined,
})
