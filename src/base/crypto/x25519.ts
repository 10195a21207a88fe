// X25519 keys as the 32 bytes of their point (RFC 7748), which age, HPKE and JWK put into texts and files.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

export const pointBytes = 32
/** The DER of a SubjectPublicKeyInfo before its point (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex')

export interface X25519KeyPair {
  readonly privateKey: KeyObject
  /** 32 bytes. */
  readonly publicKey: Buffer
}

export function newX25519KeyPair(): X25519KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return { privateKey, publicKey: pointOf(publicKey) }
}

/** Of a public X25519 key. */
export const pointOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length)

/** Throws a RangeError for anything but 32 bytes. */
export function publicKeyOf(point: Buffer): KeyObject {
  if (point.length !== pointBytes) throw new RangeError(`A public key of X25519 must have ${pointBytes} bytes, not ${point.length}`)
  return createPublicKey({ key: Buffer.concat([spkiPrefix, point]), type: 'spki', format: 'der' })
}
