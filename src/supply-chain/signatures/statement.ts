// What a signature says of an image: cosign's "simple signing" payload, or a statement of in-toto.
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { type Digest, isDigest } from '../oci/digest.ts'
import { objectMember, readJsonObject, textMember } from './read-json.ts'

/** The predicate type of a signature by cosign 3; the predicate has no content. */
export const signaturePredicateType = 'https://sigstore.dev/cosign/sign/v1'
/** `critical.type` of the payload (cosign, specs/SIGNATURE_SPEC.md). */
const simpleSigningType = 'cosign container image signature'
/** `_type` of in-toto's statements (in-toto/attestation, spec/v0.1.0 and v1). */
const statementTypes = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1']

export const maxSubjects = 1000
const maxTypeLength = 1000

/** An image signature has no predicate: it says that the signer stands for the image. */
export type Statement =
  | { readonly kind: 'signature'; readonly digests: readonly Digest[] }
  | {
      readonly kind: 'attestation'
      readonly digests: readonly Digest[]
      readonly predicateType: string
      readonly predicate: unknown
      /** The statement's `subject`, as it is written. */
      readonly subject: readonly unknown[]
    }

/** Throws a UserError that says what is wrong with it. */
export function parseSimpleSigning(payload: Uint8Array): Statement {
  const critical = objectMember(readJsonObject(payload, 'the payload'), 'critical')
  if (critical === undefined) throw new UserError('the payload has no object "critical"')
  const type = textMember(critical, 'type')
  if (type !== simpleSigningType) throw new UserError(`critical.type must be "${simpleSigningType}", got ${shown(type)}`)
  const digest = textMember(objectMember(critical, 'image') ?? {}, 'docker-manifest-digest')
  if (digest === undefined || !isDigest(digest))
    throw new UserError(`critical.image.docker-manifest-digest must be a digest, got ${shown(digest)}`)
  return { kind: 'signature', digests: [digest] }
}

/** Throws a UserError that says what is wrong with it. */
export function parseInTotoStatement(payload: Uint8Array): Statement {
  const statement = readJsonObject(payload, 'the statement')
  const type = textMember(statement, '_type')
  if (type === undefined || !statementTypes.includes(type))
    throw new UserError(`_type must be ${statementTypes.map(text => `"${text}"`).join(' or ')}, got ${shown(type)}`)
  const predicateType = textMember(statement, 'predicateType') ?? ''
  if (predicateType === '' || predicateType.length > maxTypeLength)
    throw new UserError(`predicateType must be a text of at most ${maxTypeLength} characters`)
  const subject = getOwn(statement, 'subject')
  if (!Array.isArray(subject) || subject.length > maxSubjects)
    throw new UserError(`subject must be a list of at most ${maxSubjects} entries`)
  const digests = subject.flatMap(digestsOf)
  if (predicateType === signaturePredicateType) return { kind: 'signature', digests }
  return { kind: 'attestation', digests, predicateType, predicate: getOwn(statement, 'predicate') ?? {}, subject }
}

function digestsOf(subject: unknown): Digest[] {
  const digests = isJsonObject(subject) ? objectMember(subject, 'digest') : undefined
  if (digests === undefined) throw new UserError('an entry of subject has no object "digest"')
  return ['sha256', 'sha512'].map(algorithm => `${algorithm}:${textMember(digests, algorithm) ?? ''}`).filter(isDigest)
}

const shown = (text: string | undefined): string => (text === undefined ? 'none' : `"${text.slice(0, 200)}"`)
