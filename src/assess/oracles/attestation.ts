// Statements of in-toto in DSSE envelopes and sigstore bundles, written from their specifications alone.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeJson } from '../../base/write-json.ts'

const payloadType = 'application/vnd.in-toto+json'
const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

export interface OracleKey {
  readonly key: KeyObject
  /** PEM. */
  readonly publicKey: string
}

export function newOracleKey(): OracleKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { key: privateKey, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

/** `digest` as `sha256:…`. */
export const statementText = (digest: string, predicateType: string, predicate: object): string =>
  writeJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'image', digest: { sha256: digest.replace('sha256:', '') } }],
    predicateType,
    predicate,
  })

/** What DSSE signs. */
export const preAuthenticated = (payload: string, type = payloadType): Buffer =>
  Buffer.from(`DSSEv1 ${type.length} ${type} ${Buffer.byteLength(payload)} ${payload}`)

export interface EnvelopeFlaw {
  /** It is this that was signed. */
  readonly signedText?: string
  readonly type?: string
  readonly unsigned?: true
}

export function envelopeOf(payload: string, signature: Buffer, { type = payloadType, unsigned }: EnvelopeFlaw = {}): object {
  return {
    payloadType: type,
    payload: Buffer.from(payload).toString('base64'),
    signatures: unsigned === true ? [] : [{ sig: signature.toString('base64') }],
  }
}

/** A bundle that a key has signed, without witnesses. */
export function keyBundle(payload: string, { key }: OracleKey, flaw: EnvelopeFlaw = {}): object {
  const signature = sign('sha256', preAuthenticated(flaw.signedText ?? payload, flaw.type), key)
  return {
    mediaType,
    verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [] },
    dsseEnvelope: envelopeOf(payload, signature, flaw),
  }
}

export const certificateBundle = (envelope: object, certificate: Uint8Array, tlogEntries: readonly object[]): object => ({
  mediaType,
  verificationMaterial: { certificate: { rawBytes: Buffer.from(certificate).toString('base64') }, tlogEntries },
  dsseEnvelope: envelope,
})
