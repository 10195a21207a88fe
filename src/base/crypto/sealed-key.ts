// A key for one reader: X25519, HKDF-SHA256 and AES-256-GCM, as in RFC 9180, so that whoever relays it learns nothing.
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

const pointBytes = 32
const ivBytes = 12
const tagBytes = 16
const maxKeyBytes = 64
/** The DER of an X25519 SubjectPublicKeyInfo before its point (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex')

export interface SealingKeyPair {
  readonly privateKey: KeyObject
  /** 32 bytes. */
  readonly publicKey: Buffer
}

/** A key pair for one answer. */
export function newSealingKeyPair(): SealingKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length) }
}

function readPoint(point: Buffer): KeyObject {
  if (point.length !== pointBytes) throw new RangeError(`A public key for sealing must have ${pointBytes} bytes, not ${point.length}`)
  return createPublicKey({ key: Buffer.concat([spkiPrefix, point]), type: 'spki', format: 'der' })
}

function derive(privateKey: KeyObject, publicKey: KeyObject, points: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', diffieHellman({ privateKey, publicKey }), points, `bulkhead/sealed-key/v1/${purpose}`, 32))
}

/** Seals at most 64 bytes to the holder of the public key. Layout: point (32), IV (12), tag (16), ciphertext. Throws for a bad public key. */
export function sealKey(publicKey: Buffer, key: Buffer, purpose: string): Buffer {
  if (key.length === 0 || key.length > maxKeyBytes)
    throw new RangeError(`A sealed key must have 1 to ${maxKeyBytes} bytes, not ${key.length}`)
  const own = newSealingKeyPair()
  const shared = derive(own.privateKey, readPoint(publicKey), Buffer.concat([own.publicKey, publicKey]), purpose)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', shared, iv)
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  shared.fill(0)
  return Buffer.concat([own.publicKey, iv, cipher.getAuthTag(), sealed])
}

/** Throws if it was sealed for another reader or purpose, or changed. */
export function openSealedKey({ privateKey, publicKey }: SealingKeyPair, sealed: Buffer, purpose: string): Buffer {
  const ivEnd = pointBytes + ivBytes
  const tagEnd = ivEnd + tagBytes
  if (sealed.length <= tagEnd || sealed.length > tagEnd + maxKeyBytes)
    throw new Error('Cannot open the sealed key: it does not have its format')
  const point = sealed.subarray(0, pointBytes)
  const shared = derive(privateKey, readPoint(point), Buffer.concat([point, publicKey]), purpose)
  const decipher = createDecipheriv('aes-256-gcm', shared, sealed.subarray(pointBytes, ivEnd), { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(ivEnd, tagEnd))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()])
  } catch (cause) {
    throw new Error('Cannot open the sealed key: it was changed, or sealed for another reader', { cause })
  } finally {
    shared.fill(0)
  }
}
