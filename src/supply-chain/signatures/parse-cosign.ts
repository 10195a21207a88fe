// Signatures and attestations in the format of cosign up to 2 (specs/SIGNATURE_SPEC.md, specs/ATTESTATION_SPEC.md): a layer with the signed
// content, and annotations with what proves the signer. They become bundles, so that one verifier reads both formats.
import { createHash, X509Certificate } from 'node:crypto'
import { parseEnvelope } from '../../base/dsse.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Descriptor } from '../oci/image-source.ts'
import type { Claim } from './claim.ts'
import { claimOfEnvelope, maxCertificates, toBundle } from './parse-bundle.ts'
import { type JsonObject, objectMember, readJsonObject, textMember } from './read-json.ts'
import { parseSimpleSigning } from './statement.ts'

export const simpleSigningMediaType = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const envelopeMediaType = 'application/vnd.dsse.envelope.v1+json'

const signatureAnnotation = 'dev.cosignproject.cosign/signature'
const certificateAnnotation = 'dev.sigstore.cosign/certificate'
const chainAnnotation = 'dev.sigstore.cosign/chain'
const logEntryAnnotation = 'dev.sigstore.cosign/bundle'
const timestampAnnotation = 'dev.sigstore.cosign/rfc3161timestamp'

const bundleMediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1'

/** A layer of the tag `.sig` with its content. Throws a UserError that says what is wrong with it. */
export function parseCosignSignature({ digest, annotations = {} }: Descriptor, payload: Uint8Array): Claim {
  const encoded = annotations[signatureAnnotation]
  if (encoded === undefined) throw new UserError(`the layer has no annotation "${signatureAnnotation}"`)
  const signature = base64(encoded, signatureAnnotation)
  const messageDigest = { algorithm: 'SHA2_256', digest: createHash('sha256').update(payload).digest('base64') }
  const bundle = toBundle({
    mediaType: bundleMediaType,
    verificationMaterial: verificationMaterial(annotations),
    messageSignature: { messageDigest, signature: signature.toString('base64') },
  })
  return { format: 'cosign', origin: digest, statement: parseSimpleSigning(payload), signed: payload, signature, bundle }
}

/** A layer of the tag `.att` with its content. Throws a UserError that says what is wrong with it. */
export function parseCosignAttestation({ digest, annotations = {} }: Descriptor, content: Uint8Array): Claim {
  // Limits depth and values before the envelope is parsed.
  readJsonObject(content, 'the envelope')
  const { payloadType, payload, signatures } = envelopeOf(content)
  const dsseEnvelope = {
    payloadType,
    payload: payload.toString('base64'),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: sig.toString('base64') })),
  }
  const bundle = toBundle({ mediaType: bundleMediaType, verificationMaterial: verificationMaterial(annotations), dsseEnvelope })
  return { ...claimOfEnvelope(bundle), format: 'cosign', origin: digest }
}

function envelopeOf(content: Uint8Array): ReturnType<typeof parseEnvelope> {
  try {
    return parseEnvelope(new TextDecoder().decode(content))
  } catch (err) {
    throw new UserError(`the envelope cannot be read: ${messageOf(err)}`, { cause: err })
  }
}

function verificationMaterial(annotations: Readonly<Record<string, string>>): JsonObject {
  const certificate = annotations[certificateAnnotation]
  return {
    ...(certificate === undefined || certificate === ''
      ? { publicKey: { hint: '' } }
      : { x509CertificateChain: { certificates: certificates(certificate, annotations[chainAnnotation] ?? '') } }),
    tlogEntries: logEntries(annotations[logEntryAnnotation]),
    timestampVerificationData: { rfc3161Timestamps: timestamps(annotations[timestampAnnotation]) },
  }
}

function certificates(leaf: string, chain: string): { readonly rawBytes: string }[] {
  const blocks = `${leaf}\n${chain}`.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0 || blocks.length > maxCertificates)
    throw new UserError(`annotation "${certificateAnnotation}" and its chain must have 1 to ${maxCertificates} certificates in PEM`)
  return blocks.map(block => {
    try {
      return { rawBytes: new X509Certificate(block).raw.toString('base64') }
    } catch (err) {
      throw new UserError(`annotation "${certificateAnnotation}" has a certificate that cannot be read`, { cause: err })
    }
  })
}

/** `{"SignedEntryTimestamp":…,"Payload":{"body":…,"integratedTime":…,"logIndex":…,"logID":…}}`, as Rekor 1 answers. */
function logEntries(annotation: string | undefined): JsonObject[] {
  if (annotation === undefined || annotation === '' || annotation === 'null') return []
  const entry = readJsonObject(Buffer.from(annotation), `annotation "${logEntryAnnotation}"`)
  const payload = objectMember(entry, 'Payload') ?? {}
  const { integratedTime, logIndex } = payload
  const body = textMember(payload, 'body')
  const logId = textMember(payload, 'logID')
  const promise = textMember(entry, 'SignedEntryTimestamp')
  if (body === undefined || logId === undefined || promise === undefined || !isCount(integratedTime) || !isCount(logIndex))
    throw new UserError(`annotation "${logEntryAnnotation}" is no log entry`)
  const { kind, apiVersion } = readJsonObject(base64(body, logEntryAnnotation), `the body in annotation "${logEntryAnnotation}"`)
  if (typeof kind !== 'string' || typeof apiVersion !== 'string')
    throw new UserError(`annotation "${logEntryAnnotation}" has no kind of entry`)
  return [
    {
      logIndex: String(logIndex),
      logId: { keyId: Buffer.from(logId, 'hex').toString('base64') },
      kindVersion: { kind, version: apiVersion },
      integratedTime: String(integratedTime),
      inclusionPromise: { signedEntryTimestamp: promise },
      canonicalizedBody: body,
    },
  ]
}

/** `{"SignedRFC3161Timestamp":…}`. */
function timestamps(annotation: string | undefined): JsonObject[] {
  if (annotation === undefined || annotation === '' || annotation === 'null') return []
  const what = `annotation "${timestampAnnotation}"`
  const timestamp = textMember(readJsonObject(Buffer.from(annotation), what), 'SignedRFC3161Timestamp')
  if (timestamp === undefined) throw new UserError(`${what} has no SignedRFC3161Timestamp`)
  return [{ signedTimestamp: base64(timestamp, timestampAnnotation).toString('base64') }]
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function base64(text: string, annotation: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new UserError(`annotation "${annotation}" is not base64`)
  return Buffer.from(text, 'base64')
}
