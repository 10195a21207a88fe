// Private keys that sign statements: PKCS #8 or SEC 1 in PEM, of the kinds whose public halves a TrustRoot may have.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { UserError } from '../../base/user-error.ts'
import { parsePublicKey } from './public-key.ts'

export interface SigningKey {
  /** PEM (SPKI). */
  readonly publicKey: string
  /** ECDSA signatures are DER, RSA ones PKCS #1 v1.5, both over SHA-256; Ed25519 as it is. */
  sign(bytes: Uint8Array): Buffer
}

/** `where` begins each message, and names the file. Never shows what the text is. Throws a UserError. */
export function parsePrivateKey(text: string, where: string, passphrase?: string): SigningKey {
  const key = readKey(text, where, passphrase)
  const publicKey = createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()
  const { digests } = parsePublicKey(publicKey, where)
  const digest = digests.includes('sha256') ? 'sha256' : null
  return { publicKey, sign: bytes => sign(digest, bytes, key) }
}

function readKey(text: string, where: string, passphrase: string | undefined): KeyObject {
  if (text.includes('ENCRYPTED SIGSTORE PRIVATE KEY') || text.includes('ENCRYPTED COSIGN PRIVATE KEY'))
    throw new UserError(
      `${where} is a key of cosign, whose format is its own: give a PEM file "PRIVATE KEY", as "openssl genpkey" writes it`,
    )
  if (passphrase === undefined && /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text))
    throw new UserError(`${where} is encrypted, and no passphrase was given`)
  try {
    return createPrivateKey({ key: text, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (err) {
    const given = passphrase === undefined ? '' : ', with the passphrase that was given'
    throw new UserError(`${where} must be a private key in PEM, as "openssl genpkey" writes it${given}`, { cause: err })
  }
}
