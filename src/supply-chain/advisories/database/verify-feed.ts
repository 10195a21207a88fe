// Verifies the detached signature of a feed: Ed25519, or ECDSA over SHA-256 as "cosign sign-blob" and "openssl dgst -sign" make it.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { UserError } from '../../../base/user-error.ts'

/** Of the file with the signature. */
export const maxSignatureBytes = 4096

/** Of the key, in hex: SHA-256 of its SubjectPublicKeyInfo. */
export const keyDigest = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')

/** From PEM. Throws a UserError that names `where` for anything but an Ed25519 or ECDSA public key. */
export function readPublicKey(pem: string, where: string): KeyObject {
  // A private key would be read too, as its public half.
  if (!pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----'))
    throw new UserError(`${where} must be a public key in PEM (BEGIN PUBLIC KEY)`)
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch (err) {
    throw new UserError(`${where} must be a public key in PEM`, { cause: err })
  }
  if (key.asymmetricKeyType !== 'ed25519' && key.asymmetricKeyType !== 'ec')
    throw new UserError(`${where} must be an Ed25519 or ECDSA key, got ${key.asymmetricKeyType ?? 'another'}`)
  return key
}

/** The signature as bytes or in base64. */
export function verifyFeed(content: Uint8Array, signature: Buffer, key: KeyObject): boolean {
  const text = signature.toString('latin1').trim()
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64') : signature
  return verify(key.asymmetricKeyType === 'ec' ? 'sha256' : null, content, key, bytes)
}
