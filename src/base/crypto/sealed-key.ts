// A key for one reader: X25519, HKDF-SHA256 and AES-256-GCM, as in RFC 9180, so that whoever relays it learns nothing.
import { createCipheriv, createDecipheriv, diffieHellman, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { newX25519KeyPair, pointBytes, publicKeyOf, type X25519KeyPair } from './x25519.ts'

const ivBytes = 12
const tagBytes = 16
const maxKeyBytes = 64

function derive(privateKey: KeyObject, publicKey: KeyObject, points: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', diffieHellman({ privateKey, publicKey }), points, `bulkhead/sealed-key/v1/${purpose}`, 32))
}

/** Seals at most 64 bytes to the holder of the public key. Layout: point (32), IV (12), tag (16), ciphertext. Throws for a bad public key. */
export function sealKey(publicKey: Buffer, key: Buffer, purpose: string): Buffer {
  if (key.length === 0 || key.length > maxKeyBytes)
    throw new RangeError(`A sealed key must have 1 to ${maxKeyBytes} bytes, not ${key.length}`)
  const own = newX25519KeyPair()
  const shared = derive(own.privateKey, publicKeyOf(publicKey), Buffer.concat([own.publicKey, publicKey]), purpose)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', shared, iv)
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  shared.fill(0)
  return Buffer.concat([own.publicKey, iv, cipher.getAuthTag(), sealed])
}

/** Throws if it was sealed for another reader or purpose, or changed. */
export function openSealedKey({ privateKey, publicKey }: X25519KeyPair, sealed: Buffer, purpose: string): Buffer {
  const ivEnd = pointBytes + ivBytes
  const tagEnd = ivEnd + tagBytes
  if (sealed.length <= tagEnd || sealed.length > tagEnd + maxKeyBytes)
    throw new Error('Cannot open the sealed key: it does not have its format')
  const point = sealed.subarray(0, pointBytes)
  const shared = derive(privateKey, publicKeyOf(point), Buffer.concat([point, publicKey]), purpose)
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
