// Moves the keys of a cluster to the signer of another machine of its control plane. Both ends know a secret that an administrator carried, and
// the API server, which passes everything on, does not: it can neither read the keys nor ask for them.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { newX25519KeyPair, publicKeyOf } from '../base/crypto/x25519.ts'
import { writeJson } from '../base/write-json.ts'

/** What both ends bind everything to. */
export interface Transfer {
  /** Of the join ticket. */
  readonly ticketId: string
  readonly node: string
  /** Where the new machine's member of etcd will listen. */
  readonly address: string
  /** The new machine's X25519 key, base64url of 32 bytes. */
  readonly publicKey: string
}

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const form = 'bulkhead control plane 1'
/** A bundle of a cluster with many old keys has some kilobytes. */
const maxSealedBytes = 192 * 1024
const publicKeyPattern = /^[A-Za-z0-9_-]{43}$/

export function newTransferKey(): { readonly publicKey: string; readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = newX25519KeyPair()
  return { publicKey: publicKey.toString('base64url'), privateKey }
}

/** That the owner of this key knows the secret, base64url. */
export function proofOf(secret: string, transfer: Transfer): string {
  return createHmac('sha256', secret).update(textOf('proof', transfer)).digest('base64url')
}

export function isProof(secret: string, transfer: Transfer, proof: string): boolean {
  const expected = Buffer.from(proofOf(secret, transfer))
  const given = Buffer.from(proof)
  return publicKeyPattern.test(transfer.publicKey) && given.length === expected.length && timingSafeEqual(given, expected)
}

/** Only who has the private key and the secret can open it; each call uses a key of its own. Base64. Throws for an invalid public key. */
export function sealFor(secret: string, transfer: Transfer, plain: Uint8Array): string {
  const own = newTransferKey()
  const key = sharedKey(own.privateKey, transfer.publicKey, secret, transfer, own.publicKey)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return Buffer.concat([Buffer.from(own.publicKey, 'base64url'), nonce, sealed]).toString('base64')
}

/** Throws an error without details if it was not sealed for this transfer by somebody who knows the secret. */
export function openSealed(secret: string, transfer: Transfer, privateKey: KeyObject, sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64')
  if (sealed.length > maxSealedBytes * 2 || bytes.length < keyBytes + nonceBytes + tagBytes) throw notForUs()
  const sender = bytes.subarray(0, keyBytes).toString('base64url')
  try {
    const key = sharedKey(privateKey, sender, secret, transfer, sender)
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(keyBytes, keyBytes + nonceBytes))
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(keyBytes + nonceBytes, -tagBytes)), decipher.final()])
  } catch (cause) {
    throw notForUs(cause)
  }
}

const notForUs = (cause?: unknown): Error => new Error('The keys were not sealed for this machine', { cause })

function sharedKey(own: KeyObject, other: string, secret: string, transfer: Transfer, sender: string): Buffer {
  const publicKey = publicKeyOf(Buffer.from(other, 'base64url'))
  // diffieHellman throws for a key of small order, whose result is known.
  const shared = diffieHellman({ privateKey: own, publicKey })
  const material = Buffer.concat([shared, Buffer.from(secret)])
  return Buffer.from(hkdfSync('sha256', material, '', textOf(`keys from ${sender}`, transfer), keyBytes))
}

/** JSON, so that no value can reach into the next one. */
const textOf = (purpose: string, { ticketId, node, address, publicKey }: Transfer): string =>
  writeJson([form, purpose, ticketId, node, address, publicKey])
