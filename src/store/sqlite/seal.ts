// Seals records for the disk with AES-256-GCM, bound to their place in the log.
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { type RecordKey, readRecord } from './record.ts'

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16

/** A record does not belong where it was found, or is not what was written. */
export class RecordDamaged extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RecordDamaged'
  }
}

/**
 * Nonce, ciphertext, tag. The nonce is counted, not drawn: 4 bytes of epoch and 8 of revision. A data key serves one process, and the epoch
 * rises where a revision is given out again after a failed group, so no nonce comes twice and no bound on random nonces applies.
 * The names are inside: no file of the store shows which objects exist. The key is a KeyObject, since Node 24 spends three times as long on
 * making one from bytes for each call as on sealing.
 */
export function sealRecord(dataKey: KeyObject, epoch: number, key: RecordKey, plain: Buffer): Buffer {
  const sealed = Buffer.allocUnsafe(nonceLength + plain.length + tagLength)
  sealed.writeUInt32LE(epoch, 0)
  writeCount(sealed, key.revision, 4)
  const cipher = createCipheriv(algorithm, dataKey, sealed.subarray(0, nonceLength))
  cipher.setAAD(placeOf(key))
  cipher.update(plain).copy(sealed, nonceLength)
  cipher.final()
  cipher.getAuthTag().copy(sealed, nonceLength + plain.length)
  return sealed
}

/** Throws `RecordDamaged`, naming the record that was moved here where it can be told. */
export function openRecord(dataKey: KeyObject, key: RecordKey, sealed: Buffer): Buffer {
  const plain = tryOpen(dataKey, key, sealed)
  if (plain !== undefined) return plain
  throw new RecordDamaged(`${diagnose(dataKey, key, sealed)}. Restore the data directory from a backup`)
}

function diagnose(dataKey: KeyObject, key: RecordKey, sealed: Buffer): string {
  const here = `The stored record at revision ${key.revision}`
  if (sealed.length < nonceLength + tagLength) return `${here} is cut short`
  const revision = Number(sealed.readBigUInt64LE(4))
  for (const deleted of [false, true]) {
    for (const place of [
      { ...key, revision, deleted },
      { revision, previous: 0, deleted },
      { ...key, deleted },
    ]) {
      const plain = tryOpen(dataKey, place, sealed)
      if (plain === undefined) continue
      const { groupResource, namespace, name } = readRecord(place, plain).header
      return `${here} was swapped: it holds ${groupResource} "${namespace === '' ? name : `${namespace}/${name}`}" of revision ${revision}`
    }
  }
  return `${here} was changed after it was written`
}

function tryOpen(dataKey: KeyObject, key: RecordKey, sealed: Buffer): Buffer | undefined {
  if (sealed.length < nonceLength + tagLength) return undefined
  const decipher = createDecipheriv(algorithm, dataKey, sealed.subarray(0, nonceLength), { authTagLength: tagLength })
  decipher.setAAD(placeOf(key))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength))
  const plain = decipher.update(sealed.subarray(nonceLength, sealed.length - tagLength))
  try {
    decipher.final()
    return plain
  } catch {
    // Node says no more than "unable to authenticate"; the caller words what that means here.
    return undefined
  }
}

const place = Buffer.alloc(17)

/** The same memory each time: OpenSSL has taken it in when `setAAD` returns. */
function placeOf({ revision, previous, deleted }: RecordKey): Buffer {
  writeCount(place, revision, 0)
  writeCount(place, previous, 8)
  place.writeUInt8(Number(deleted), 16)
  return place
}

/** A 64-bit little-endian integer, without the price of a BigInt. */
function writeCount(buffer: Buffer, count: number, offset: number): void {
  buffer.writeUInt32LE(count % 2 ** 32, offset)
  buffer.writeUInt32LE(Math.floor(count / 2 ** 32), offset + 4)
}
