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
/** Places and descriptions that many headers share. */
const mostRemembered = 1000
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

/** Opens sealed records where they lie: `open` makes of each what takes its place, and is no longer than it. */
export function openPacked(records: PackedRecords, open: (key: RecordKey, sealed: Buffer, dataKey: number) => Buffer): void {
  const all = Buffer.from(records.data)
  for (let i = 0; i < records.keys.length; i += keyWidth) {
    const key = packedKey(records, i)
    const plain = open(key, all.subarray(key.offset, key.offset + key.length), key.dataKey)
    all.set(plain, key.offset)
    records.keys[i + 4] = plain.length
    records.keys[i + 5] = noDataKey
  }
}

/** Takes sealed records one after the other into one piece of memory. */
export class RecordPacker {
  readonly #keys: number[] = []
  readonly #data: Uint8Array<ArrayBuffer>
  #bytes = 0

  constructor(maxBytes: number) {
    this.#data = new Uint8Array(maxBytes)
  }

  get isEmpty(): boolean {
    return this.#keys.length === 0
  }

  hasRoomFor(record: Uint8Array): boolean {
    return this.#bytes + record.length <= this.#data.length
  }

  add(revision: number, previous: number, deleted: number, dataKey: number, record: Uint8Array): void {
    this.#keys.push(revision, previous, deleted, this.#bytes, record.length, dataKey)
    this.#data.set(record, this.#bytes)
    this.#bytes += record.length
  }

  packed(): PackedRecords {
    return { keys: new Float64Array(this.#keys), data: this.#data.buffer }
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
 * Without parsing what many headers share: a start reads each object's, neighbours in the log are often of one resource and namespace, and labels
 * come from a few templates. For ASCII without escapes. The name is cut from `data`, since a piece of a string keeps all of it in memory.
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

/** Up to the name and with its quote: no other place begins so. */
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

/** Of the end of a header. */
const sharedDescription = remembering((end: string): Described => described(parseJson(`[${end}`) as DescribedArray))

const described = ([fieldsVersion, labels, extraFields]: DescribedArray): Described => ({
  fieldsVersion,
  labels: labels || undefined,
  extraFields: extraFields || undefined,
})

/** `read` of the same text is the same value, for a while. Nobody changes what it returns, so all who have the same share it. */
function remembering<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    let value = known.get(text)
    if (value === undefined) {
      value = read(text)
      // Begun anew rather than aged: what comes again is back at once.
      if (known.size >= mostRemembered) known.clear()
      known.set(text, value)
    }
    return value
  }
}
