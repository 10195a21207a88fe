// The value of an object in etcd: its record, sealed; a large one is cut into pieces, because etcd limits requests to 1.5 MiB.
import { forEachRecord, type PackedRecords, type PlainRecord, pack, placesOf } from '../records/record.ts'
import { RecordDamaged } from '../records/seal.ts'
import { tagOf, type ValueSeal } from './value-seal.ts'

/** Values from this size are cut into pieces of it, so that a request with one fits below etcd's default limit. */
export const pieceBytes = 1024 * 1024
/** Of the largest object, with its header and labels; no server writes more. */
const maxPieces = 16

const whole = 0
/** Pieces under the revision alone: how one server at a time wrote them. */
const cut = 1
/** Pieces under the revision and the tag of the whole: two servers may cut the same revision of an object, and one of them is refused. */
const cutByTag = 2

export interface SealedObject {
  readonly value: Buffer
  /** In order; empty if the value holds the record. */
  readonly pieces: readonly Buffer[]
  /** Names the place of the pieces. */
  readonly piecesId: string
}

export function sealObject(seal: ValueSeal, place: string, record: PlainRecord): SealedObject {
  const { keys, data } = pack([record])
  const places = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength)
  if (data.byteLength < pieceBytes)
    return { value: seal.seal(place, Buffer.concat([Buffer.of(whole), places, Buffer.from(data)])), pieces: [], piecesId: '' }
  const sealed = seal.seal(wholePlace(place), Buffer.from(data))
  const pieces: Buffer[] = []
  for (let at = 0; at < sealed.length; at += pieceBytes) pieces.push(sealed.subarray(at, at + pieceBytes))
  const tag = tagOf(sealed)
  const value = seal.seal(place, Buffer.concat([Buffer.of(cutByTag, pieces.length), places, tag]))
  return { value, pieces, piecesId: idOf(record.revision, tag) }
}

export interface OpenedObject {
  readonly revision: number
  readonly previous: number
  /** Number of pieces that have to be read; then the record comes from `openPieces()`. */
  readonly pieces: number
  readonly piecesId: string
  /** Undefined if there are pieces. */
  readonly record: PlainRecord | undefined
  readonly content: Buffer
}

const placesBytes = 5 * Float64Array.BYTES_PER_ELEMENT

/** Throws `RecordDamaged`. */
export function openObject(seal: ValueSeal, place: string, value: Uint8Array): OpenedObject {
  const content = seal.open(place, value, 'the value of an object')
  const [kind = whole] = content
  const isCut = kind === cut || kind === cutByTag
  const start = isCut ? 2 : 1
  const keys = placesOf(content.subarray(start, start + placesBytes))
  if (keys === undefined) throw new RecordDamaged('etcd holds an object in an unknown form', 'Start the version of Bulkhead that wrote it')
  const [revision = 0, previous = 0] = keys
  const pieces = isCut ? (content[1] ?? 0) : 0
  if (pieces > maxPieces)
    throw new RecordDamaged(`etcd holds an object of ${pieces} pieces, more than ${maxPieces}`, 'Restore etcd from a snapshot')
  const record = isCut ? undefined : only({ keys, data: ownBuffer(content.subarray(start + placesBytes)) })
  const piecesId = kind === cutByTag ? idOf(revision, content.subarray(2 + placesBytes)) : String(revision)
  return { revision, previous, pieces, piecesId, record, content }
}

/** `pieces` in order. Throws `RecordDamaged` if they are not those that were written with this value. */
export function openPieces(seal: ValueSeal, place: string, { content }: OpenedObject, pieces: readonly Uint8Array[]): PlainRecord {
  const sealed = Buffer.concat(pieces)
  const tag = content.subarray(2 + placesBytes)
  const keys = placesOf(content.subarray(2, 2 + placesBytes))
  if (keys === undefined || !tag.equals(tagOf(sealed)))
    throw new RecordDamaged('etcd holds damaged data: the pieces of a large object do not belong together', 'Restore etcd from a snapshot')
  return only({ keys, data: ownBuffer(seal.open(wholePlace(place), sealed, 'a large object')) })
}

const idOf = (revision: number, tag: Uint8Array): string => `${revision}-${Buffer.from(tag).toString('hex')}`

const wholePlace = (place: string): string => `${place}#`

function only(records: PackedRecords): PlainRecord {
  let found: PlainRecord | undefined
  forEachRecord(records, record => {
    found = record
  })
  if (found === undefined) throw new RecordDamaged('etcd holds an object without content', 'Restore etcd from a snapshot')
  return found
}

function ownBuffer({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  return new Uint8Array(buffer, byteOffset, byteLength).slice().buffer
}
