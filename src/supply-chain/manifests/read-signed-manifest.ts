// Reads the signature of a manifest. It brings the libraries of sigstore, so the API server loads it only where a policy requires a signature.
import { createHash } from 'node:crypto'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import type { Digest } from '../oci/digest.ts'
import type { Claim } from '../signatures/claim.ts'
import { parseBundle } from '../signatures/parse-bundle.ts'
import { type JsonObject, objectMember } from '../signatures/read-json.ts'
import {
  attestationsAnnotation,
  manifestDigest,
  manifestPredicate,
  maxAttestations,
  signatureAnnotation,
  signedPart,
  unpackBundle,
} from './signed-manifest.ts'

export interface SignedManifest {
  readonly digest: Digest
  /** As it was signed: without status and the server's metadata. */
  readonly object: JsonObject
  /** Milliseconds since the epoch, as the signer's clock was; undefined for signatures of earlier versions. */
  readonly signedAt?: number
  /** The signature first, then the attestations. Who made them is not verified yet. */
  readonly claims: readonly Claim[]
}

/** Undefined without a signature. Throws a UserError that says what is wrong with it. */
export function readSignedManifest(annotations: Readonly<Record<string, unknown>>): SignedManifest | undefined {
  const text = getOwn(annotations, signatureAnnotation)
  if (text === undefined) return undefined
  const where = `annotation "${signatureAnnotation}"`
  if (typeof text !== 'string') throw new UserError(`${where} must be a text`)
  const claim = claimOf(unpackBundle(text, where), where)
  const { statement } = claim
  const predicate = statement.kind === 'attestation' ? asObject(statement.predicate) : {}
  const object = objectMember(predicate, 'object')
  if (statement.kind !== 'attestation' || statement.predicateType !== manifestPredicate || object === undefined)
    throw new UserError(`${where} is no signature of a manifest: its predicateType must be "${manifestPredicate}"`)
  const digest = manifestDigest(object)
  if (!statement.digests.includes(digest)) throw new UserError(`${where} is about another object than it contains`)
  if (manifestDigest(signedPart(object)) !== digest) throw new UserError(`${where} is for fields that cannot be signed, such as status`)
  const signature: Claim = { ...claim, statement: { kind: 'signature', digests: [digest] } }
  const signedAt = timeOf(predicate['signedAt'], where)
  return { digest, object, ...(signedAt === undefined ? {} : { signedAt }), claims: [signature, ...attestationsOf(annotations)] }
}

const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/

function timeOf(value: unknown, where: string): number | undefined {
  if (value === undefined) return undefined
  const time = typeof value === 'string' && timeForm.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time)) throw new UserError(`${where}: signedAt must be a time such as 2026-01-31T12:00:00Z`)
  return time
}

function attestationsOf(annotations: Readonly<Record<string, unknown>>): Claim[] {
  const text = getOwn(annotations, attestationsAnnotation)
  const where = `annotation "${attestationsAnnotation}"`
  if (text === undefined) return []
  if (typeof text !== 'string') throw new UserError(`${where} must be a text`)
  const parts = text.split(' ')
  if (parts.length > maxAttestations) throw new UserError(`${where} must have at most ${maxAttestations} attestations`)
  return parts.map(part => claimOf(unpackBundle(part, where), where))
}

function claimOf(content: Buffer, where: string): Claim {
  try {
    const layer = { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', digest: digestOf(content), size: content.length }
    return { ...parseBundle(content), source: { kind: 'bundle', layer, content } }
  } catch (err) {
    if (err instanceof UserError) throw new UserError(`${where}: ${err.message}`, { cause: err })
    throw err
  }
}

const digestOf = (content: Buffer): Digest => `sha256:${createHash('sha256').update(content).digest('hex')}`
const asObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
