// Seals blocks of records with AES-256-GCM, bound to their place in the log.
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { type PackedRecords, placesOf } from './record.ts'

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16

/** A record was moved from another place, or is not what was written. */
export class RecordDamaged extends Error {
  constructor(message: string, advice = 'Restore the data directory from a backup') {
    super(`${message}. ${advice}`)
    this.name = 'RecordDamaged'
  }
}

export interface SealedBlock {
  /** The revision of its first record. */
  readonly first: number
  /** `PackedRecords.keys` of its records in clear text, for compaction. Authenticated by the seal. */
  readonly places: Uint8Array
  /** The link of the block before, when it was written; see `LogChain`. Authenticated by the seal. Empty in blocks of format 2. */
  readonly link: Uint8Array
  /** Nonce, ciphertext, tag. */
  readonly sealed: Uint8Array
}

/**
 * The nonce is a counter: `seals` is the number of blocks sealed with the key before. A data key serves one process, which keeps counting
 * after failures, so no nonce is used twice and the limit for random nonces does not apply. Names are inside: no file of the store shows
 * which objects exist. The key is a KeyObject, because creating one for each call takes Node three times as long as sealing.
 */
export function sealBlock(dataKey: KeyObject, seals: number, { keys, data }: PackedRecords, link: Uint8Array): SealedBlock {
  const places = new Uint8Array(keys.buffer, keys.byteOffset, keys.byteLength)
  return { first: keys[0] ?? 0, places, link, sealed: seal(dataKey, seals, Buffer.concat([link, places]), new Uint8Array(data)) }
}

/** Nonce, ciphertext, tag; bound to `place`. `seals` counts everything that the key seals. */
export function seal(dataKey: KeyObject, seals: number, place: Uint8Array, plain: Uint8Array): Buffer {
  const nonce = Buffer.alloc(nonceLength)
  nonce.writeUIntLE(seals, 0, 6)
  const cipher = createCipheriv(algorithm, dataKey, nonce)
  cipher.setAAD(place)
  const text = cipher.update(plain)
  cipher.final()
  return Buffer.concat([nonce, text, cipher.getAuthTag()])
}

/** Throws `RecordDamaged`, and names the block that was moved here if possible. */
export function openBlock(dataKey: KeyObject, { first, places, link, sealed }: SealedBlock): PackedRecords {
  const here = `The stored block at revision ${first}`
  if (sealed.length < nonceLength + tagLength) throw new RecordDamaged(`${here} is cut short`)
  const keys = placesOf(places)
  const plain = keys && openSealed(dataKey, Buffer.concat([link, places]), sealed)
  if (keys === undefined || plain === undefined) throw new RecordDamaged(`${here} was changed after it was written`)
  if (keys[0] !== first) throw new RecordDamaged(`${here} was swapped with that of revision ${keys[0]}`)
  return { keys, data: ownBuffer(plain) }
}

/** The content of a seal (nonce, ciphertext, tag) bound to `place`; undefined if it is truncated or is not what was sealed there. */
export function openSealed(dataKey: KeyObject, place: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < nonceLength + tagLength) return undefined
  const decipher = createDecipheriv(algorithm, dataKey, sealed.subarray(0, nonceLength), { authTagLength: tagLength })
  decipher.setAAD(place)
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength))
  const plain = decipher.update(sealed.subarray(nonceLength, sealed.length - tagLength))
  try {
    decipher.final()
  } catch {
    // Node only reports "unable to authenticate"; the caller words the error.
    return undefined
  }
  return plain
}

/** Small buffers of Node share memory with others. */
function ownBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return buffer
  return new Uint8Array(buffer, byteOffset, byteLength).slice().buffer
}
