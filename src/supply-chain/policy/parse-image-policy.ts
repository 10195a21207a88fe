// The spec of an ImagePolicy, compiled: globs, patterns and expressions are parsed once, not for each image.

import { Failure } from '../../api/cel/values/failure.ts'
import { compilePattern } from '../../api/cel/values/regex.ts'
import { parseGoDuration } from '../../base/config/go-duration.ts'
import { UserError } from '../../base/user-error.ts'
import type { Severity } from '../advisories/finding.ts'
import { FieldReader, readText } from '../signatures/field-reader.ts'
import { type Condition, compileCondition } from './condition.ts'
import { type ImageGlob, parseImageGlob } from './image-glob.ts'
import type { OnFailure } from './image-policy.ts'

export const severities = ['unknown', 'low', 'medium', 'high', 'critical'] as const satisfies readonly Severity[]

export const maxGlobs = 100
export const maxSigners = 20
export const maxAttestations = 10
export const maxConditions = 10
export const maxSubjectPattern = 512

export interface CompiledPolicy {
  /** `ClusterImagePolicy "signed"` or `ImagePolicy "shop/signed"`, for messages. */
  readonly title: string
  /** Unset for a policy of the cluster. */
  readonly namespace?: string
  readonly images: readonly ImageGlob[]
  readonly mode: 'anyOf' | 'allOf'
  /** Empty if the policy requires no signature. */
  readonly signers: readonly CompiledSigner[]
  readonly onFailure: OnFailure
  readonly maxSeverity?: Severity
  readonly maxAgeMs?: number
}

export type SignerIdentity =
  | { readonly kind: 'key'; readonly trustRoot: string; readonly name: string }
  | {
      readonly kind: 'keyless'
      readonly trustRoot: string
      readonly issuer: string
      /** The subject or its pattern, for messages. */
      readonly shownSubject: string
      matches(subject: string): boolean
    }

export interface CompiledSigner {
  readonly identity: SignerIdentity
  readonly needsSignature: boolean
  readonly attestations: readonly CompiledAttestation[]
}

export interface CompiledAttestation {
  readonly predicateType: string
  readonly conditions: readonly Condition[]
}

/** `spec` is an ImagePolicySpec of a client or a file. Throws a UserError that names the field. */
export function parseImagePolicy(name: string, namespace: string | undefined, spec: unknown): CompiledPolicy {
  const fields = new FieldReader(spec, 'spec', ['images', 'verify', 'onFailure', 'maxSeverity', 'maxAge'])
  const images = fields.list('images', maxGlobs, (item, path) => parseImageGlob(readText(item, path), path))
  if (images.length === 0) throw new UserError('spec.images must name the images that the policy is for; "**" is all')
  const maxSeverity = fields.oneOf('maxSeverity', severities)
  const maxAge = fields.optionalText('maxAge')
  return {
    title: namespace === undefined ? `ClusterImagePolicy "${name}"` : `ImagePolicy "${namespace}/${name}"`,
    ...(namespace === undefined ? {} : { namespace }),
    images,
    ...readVerify(fields),
    onFailure: fields.oneOf('onFailure', ['Refuse', 'Warn']) ?? 'Refuse',
    ...(maxSeverity === undefined ? {} : { maxSeverity }),
    ...(maxAge === undefined ? {} : { maxAgeMs: readDuration(maxAge, fields.at('maxAge')) }),
  }
}

function readDuration(text: string, path: string): number {
  const ms = text.length > 64 ? '' : parseGoDuration(text)
  if (typeof ms !== 'number' || ms <= 0) throw new UserError(`${path} must be a duration above 0, such as 720h`)
  return ms
}

function readVerify(fields: FieldReader): Pick<CompiledPolicy, 'mode' | 'signers'> {
  if (!fields.has('verify')) return { mode: 'allOf', signers: [] }
  const verify = new FieldReader(fields.get('verify'), 'spec.verify', ['anyOf', 'allOf'])
  if (verify.has('anyOf') === verify.has('allOf')) throw new UserError('spec.verify must have exactly one of anyOf and allOf')
  const mode = verify.has('anyOf') ? 'anyOf' : 'allOf'
  const signers = verify.list(mode, maxSigners, readSigner)
  if (signers.length === 0) throw new UserError(`spec.verify.${mode} must name at least one signer`)
  return { mode, signers }
}

function readSigner(value: unknown, path: string): CompiledSigner {
  const fields = new FieldReader(value, path, ['key', 'keyless', 'signature', 'attestations'])
  if (fields.has('key') === fields.has('keyless')) throw new UserError(`${path} must have exactly one of key and keyless`)
  const identity = fields.has('key') ? readKey(fields) : readKeyless(fields)
  const needsSignature = fields.oneOf('signature', ['Required', 'Optional']) !== 'Optional'
  const attestations = fields.list('attestations', maxAttestations, readAttestation)
  if (!needsSignature && attestations.length === 0)
    throw new UserError(`${path}.attestations must name an attestation where the signature is optional: else nothing would be required`)
  return { identity, needsSignature, attestations }
}

function readKey(fields: FieldReader): SignerIdentity {
  const key = new FieldReader(fields.get('key'), fields.at('key'), ['trustRoot', 'name'])
  return { kind: 'key', trustRoot: key.text('trustRoot'), name: key.text('name') }
}

function readKeyless(fields: FieldReader): SignerIdentity {
  const keyless = new FieldReader(fields.get('keyless'), fields.at('keyless'), ['trustRoot', 'issuer', 'subject', 'subjectRegExp'])
  if (keyless.has('subject') === keyless.has('subjectRegExp'))
    throw new UserError(`${keyless.path} must have exactly one of subject and subjectRegExp`)
  const [trustRoot, issuer, subject] = [keyless.text('trustRoot'), keyless.text('issuer'), keyless.optionalText('subject')]
  if (subject !== undefined) return { kind: 'keyless', trustRoot, issuer, shownSubject: subject, matches: text => text === subject }
  const pattern = keyless.text('subjectRegExp')
  requirePattern(pattern, keyless.at('subjectRegExp'))
  return { kind: 'keyless', trustRoot, issuer, shownSubject: `/${pattern}/`, matches: text => compilePattern(pattern).matches(text) }
}

function requirePattern(pattern: string, path: string): void {
  if (pattern.length > maxSubjectPattern) throw new UserError(`${path} must have at most ${maxSubjectPattern} characters`)
  try {
    compilePattern(pattern)
  } catch (err) {
    if (err instanceof Failure) throw new UserError(`${path} is no pattern of RE2: ${err.message}`)
    throw err
  }
}

function readAttestation(value: unknown, path: string): CompiledAttestation {
  const fields = new FieldReader(value, path, ['predicateType', 'conditions'])
  const conditions = fields.list('conditions', maxConditions, (item, at) => {
    const condition = new FieldReader(item, at, ['expression', 'message'])
    return compileCondition(condition.text('expression'), condition.optionalText('message'), condition.at('expression'))
  })
  return { predicateType: fields.text('predicateType'), conditions }
}
