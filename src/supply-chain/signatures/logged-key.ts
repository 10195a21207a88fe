// Whose key a transparency log has noted with a signature. Rekor notes the certificate or key beside signature and digest; the library compares
// only these two. For some signatures another key can be made that verifies them too, so the noted key must be the signer's.
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { TransparencyLogEntry } from '@sigstore/bundle'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { type JsonObject, objectMember, readJsonObject, textMember } from './read-json.ts'

/** Throws a UserError if an entry names another key. Entries that name none pass: their kind has no place for one. */
export function requireLoggedKey(entries: readonly TransparencyLogEntry[], signer: KeyObject): void {
  for (const { canonicalizedBody } of entries)
    for (const key of loggedKeys(readJsonObject(canonicalizedBody, 'the log entry')))
      if (!key.equals(signer)) throw new UserError('the log entry names another key than that of the signer')
}

function loggedKeys(body: JsonObject): KeyObject[] {
  const spec = objectMember(body, 'spec') ?? {}
  const signatures = [
    // hashedrekord 0.0.1
    objectMember(objectMember(spec, 'signature') ?? {}, 'publicKey'),
    // dsse 0.0.1, intoto 0.0.2
    ...objectsOf(spec, 'signatures'),
    ...objectsOf(objectMember(objectMember(spec, 'content') ?? {}, 'envelope') ?? {}, 'signatures'),
  ]
  const texts = signatures.flatMap(signature =>
    signature === undefined ? [] : ['content', 'verifier', 'publicKey'].map(name => textMember(signature, name)),
  )
  // Rekor 2
  const verifiers = ['hashedRekordV002', 'dsseV002'].flatMap(name => {
    const second = objectMember(spec, name) ?? {}
    return [objectMember(second, 'signature'), ...objectsOf(second, 'signatures')].map(signature =>
      objectMember(signature ?? {}, 'verifier'),
    )
  })
  const raw = verifiers.flatMap(verifier =>
    verifier === undefined ? [] : ['x509Certificate', 'publicKey'].map(name => textMember(objectMember(verifier, name) ?? {}, 'rawBytes')),
  )
  return [...texts, ...raw].filter(text => text !== undefined).map(text => toKey(Buffer.from(text, 'base64')))
}

function objectsOf(object: JsonObject, name: string): JsonObject[] {
  const list = getOwn(object, name)
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}

/** PEM or DER, of a certificate or of a public key. */
function toKey(bytes: Buffer): KeyObject {
  const isCertificate = bytes.includes('BEGIN CERTIFICATE')
  try {
    if (isCertificate) return new X509Certificate(bytes).publicKey
    if (bytes.includes('BEGIN')) return createPublicKey(bytes)
    return derKey(bytes)
  } catch (err) {
    throw new UserError(`the log entry names a key that cannot be read: ${messageOf(err)}`, { cause: err })
  }
}

function derKey(bytes: Buffer): KeyObject {
  try {
    return createPublicKey({ key: bytes, format: 'der', type: 'spki' })
  } catch {
    // Then it is a certificate, or an error that the caller reports.
    return new X509Certificate(bytes).publicKey
  }
}
