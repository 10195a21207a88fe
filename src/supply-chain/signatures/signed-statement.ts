// Statements of in-toto in DSSE envelopes, signed with one key: written, and read again with the key that must have signed.
import { createHash } from 'node:crypto'
import { type Envelope, formatEnvelope, parseEnvelope, preAuthEncoding, statementType } from '../../base/dsse.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { SigningKey } from './private-key.ts'
import { type SignatureKey, signatureHolds } from './public-key.ts'

export const statementV1 = 'https://in-toto.io/Statement/v1'

export interface StatementSubject {
  readonly name: string
  readonly digest: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, unknown>>
}

export interface UnsignedStatement {
  readonly predicateType: string
  readonly subject: readonly StatementSubject[]
  readonly predicate: Readonly<Record<string, unknown>>
}

/** The first characters of the SHA-256 of a key's SPKI, by which people tell keys apart. */
export function keyId(publicKey: string): string {
  const der = Buffer.from(publicKey.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
  return createHash('sha256').update(der).digest('hex').slice(0, 16)
}

export function signStatement({ predicateType, subject, predicate }: UnsignedStatement, key: SigningKey): Envelope {
  const payload = Buffer.from(writeJson({ _type: statementV1, subject, predicateType, predicate }))
  const sig = key.sign(preAuthEncoding(statementType, payload))
  return { payloadType: statementType, payload, signatures: [{ keyid: keyId(key.publicKey), sig }] }
}

/** As one line of JSON. */
export const signedEnvelope = (statement: UnsignedStatement, key: SigningKey): string => formatEnvelope(signStatement(statement, key))

/** The same as a sigstore bundle (v0.3) without a log entry, which verifiers of cosign read too. */
export function signedBundle(statement: UnsignedStatement, key: SigningKey): string {
  const { payloadType, payload, signatures } = signStatement(statement, key)
  return writeJson({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: keyId(key.publicKey) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType,
      signatures: signatures.map(({ sig }) => ({ sig: sig.toString('base64') })),
    },
  })
}

/** The payload, which the key has signed. Throws a UserError that begins with `where`. */
export function verifiedPayload(text: string, key: SignatureKey, where: string): Buffer {
  let envelope: Envelope
  try {
    envelope = parseEnvelope(text)
  } catch (err) {
    throw new UserError(`${where} is no DSSE envelope: ${messageOf(err)}`, { cause: err })
  }
  const { payloadType, payload, signatures } = envelope
  if (payloadType !== statementType) throw new UserError(`${where}: payloadType must be "${statementType}"`)
  const signed = preAuthEncoding(payloadType, payload)
  if (!signatures.some(({ sig }) => signatureHolds(key, signed, sig)))
    throw new UserError(`${where} is not signed with the key that must have signed it`)
  return payload
}
