// Public keys that may sign images: which are accepted, and how each verifies.
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { UserError } from '../../base/user-error.ts'

/** The least bits of an RSA key (NIST SP 800-131A). */
export const minRsaBits = 2048
/** Beyond it each verification takes milliseconds. */
export const maxRsaBits = 8192

export const acceptedKeys = `ECDSA with P-256, P-384 or P-521, Ed25519, or RSA of ${minRsaBits} to ${maxRsaBits} bits`

export interface SignatureKey {
  readonly key: KeyObject
  /** Digests that may be signed: cosign 2 signs SHA-256 with each ECDSA key, cosign 3 that of the curve's size. None for Ed25519. */
  readonly digests: readonly (string | null)[]
}

const maxPemLength = 16 * 1024
const pem = /^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----\s*$/

/** Throws a UserError that begins with `where` if the PEM text is none of the accepted public keys. */
export function parsePublicKey(text: string, where: string): SignatureKey {
  const trimmed = text.trim()
  if (trimmed.length > maxPemLength || !pem.test(trimmed))
    throw new UserError(`${where} must be one PEM block "PUBLIC KEY" of at most ${maxPemLength} characters`)
  let key: KeyObject
  try {
    key = createPublicKey({ key: trimmed, format: 'pem', type: 'spki' })
  } catch (err) {
    throw new UserError(`${where} is no public key that can be read`, { cause: err })
  }
  const digests = digestsOf(key)
  if (digests === undefined) throw new UserError(`${where} is ${describeKey(key)}; accepted are ${acceptedKeys}`)
  return { key, digests }
}

function digestsOf(key: KeyObject): SignatureKey['digests'] | undefined {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return [null]
    case 'ec':
      if (namedCurve === 'prime256v1') return ['sha256']
      if (namedCurve === 'secp384r1') return ['sha384', 'sha256']
      return namedCurve === 'secp521r1' ? ['sha512', 'sha256'] : undefined
    case 'rsa':
      return modulusLength >= minRsaBits && modulusLength <= maxRsaBits ? ['sha256'] : undefined
    default:
      return undefined
  }
}

function describeKey(key: KeyObject): string {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const size = modulusLength === undefined ? namedCurve : `${modulusLength} bits`
  return [key.asymmetricKeyType ?? 'a secret key', size].filter(part => part !== undefined).join(' with ')
}

/** RSA signatures are PKCS #1 v1.5, as cosign makes them; those of ECDSA are DER. */
export function signatureHolds({ key, digests }: SignatureKey, signed: Uint8Array, signature: Uint8Array): boolean {
  return digests.some(digest => {
    try {
      return verify(digest, signed, key, signature)
    } catch {
      // OpenSSL throws on some malformed signatures: they are not valid either.
      return false
    }
  })
}
