// Sigstore bundles (protobuf-specs, sigstore_bundle.proto) as claims.
import { type Bundle, bundleFromJSON } from '@sigstore/bundle'
import { preAuthEncoding, statementType } from '../../base/dsse.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Digest } from '../oci/digest.ts'
import type { Claim } from './claim.ts'
import { type JsonObject, readJsonObject } from './read-json.ts'
import { parseInTotoStatement } from './statement.ts'

/** Log entries and timestamps of one bundle: each costs signature checks. */
export const maxWitnesses = 8
export const maxCertificates = 8

/** Throws a UserError that says what is wrong with it. */
export function parseBundle(bytes: Uint8Array, origin: Digest): Claim {
  const bundle = toBundle(readJsonObject(bytes, 'the bundle'))
  if (bundle.content.$case !== 'dsseEnvelope')
    throw new UserError('the bundle has a signature of a message; with an image, a DSSE envelope with a statement is accepted')
  return { ...claimOfEnvelope(bundle), format: 'bundle', origin }
}

/** The JSON form as a bundle. Throws a UserError if it is none, or has too many parts. */
export function toBundle(json: JsonObject): Bundle {
  let bundle: Bundle
  try {
    bundle = bundleFromJSON(json)
  } catch (err) {
    throw new UserError(`it is no sigstore bundle: ${messageOf(err)}`, { cause: err })
  }
  const { tlogEntries, timestampVerificationData, content } = bundle.verificationMaterial
  const witnesses = tlogEntries.length + (timestampVerificationData?.rfc3161Timestamps.length ?? 0)
  if (witnesses > maxWitnesses)
    throw new UserError(`the bundle has ${witnesses} log entries and timestamps, at most ${maxWitnesses} are read`)
  if (content.$case === 'x509CertificateChain' && content.x509CertificateChain.certificates.length > maxCertificates)
    throw new UserError(`the bundle has more than ${maxCertificates} certificates`)
  return bundle
}

/** Of a bundle with a DSSE envelope. Throws a UserError if it does not hold one signature of a statement. */
export function claimOfEnvelope(bundle: Bundle): Pick<Claim, 'statement' | 'signed' | 'signature' | 'bundle'> {
  if (bundle.content.$case !== 'dsseEnvelope') throw new UserError('there is no DSSE envelope')
  const { payloadType, payload, signatures } = bundle.content.dsseEnvelope
  if (payloadType !== statementType) throw new UserError(`payloadType must be "${statementType}", got "${payloadType.slice(0, 200)}"`)
  const [signature, ...more] = signatures
  if (signature === undefined || more.length > 0) throw new UserError(`the envelope must have one signature, got ${signatures.length}`)
  return { statement: parseInTotoStatement(payload), signed: preAuthEncoding(payloadType, payload), signature: signature.sig, bundle }
}
