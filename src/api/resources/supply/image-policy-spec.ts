// The spec that ImagePolicy and ClusterImagePolicy share.
import { parseGoDuration } from '../../../base/config/go-duration.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { AttestationRequirement, DueDates, ImagePolicySpec, SignerRequirement } from '../../types/supply-v1.ts'
import { boundedList, boundedText, requiredText } from './bounded-fields.ts'
import { maxPatterns, validateImagePattern } from './image-pattern.ts'

const reactions = ['Refuse', 'Warn']
const presences = ['Required', 'Optional']
const severities = ['unknown', 'low', 'medium', 'high', 'critical']
const maxDays = 3650
export const maxSigners = 20
export const maxAttestations = 10
export const maxConditions = 10
export const maxExpression = 4096
const maxDuration = 64

export function validateImagePolicySpec(spec: ImagePolicySpec | undefined): FieldError[] {
  const { images = [], verify, onFailure, maxSeverity, dueDates, maxAge } = spec ?? {}
  return [
    ...(images.length === 0 ? [required('spec.images', 'must name the images that the policy is for; "**" is all')] : []),
    ...boundedList('spec.images', images, maxPatterns, validateImagePattern),
    ...(verify === undefined ? [] : validateSigners(verify)),
    ...(onFailure === undefined || reactions.includes(onFailure) ? [] : [notSupported('spec.onFailure', onFailure, reactions)]),
    ...(maxSeverity === undefined || severities.includes(maxSeverity) ? [] : [notSupported('spec.maxSeverity', maxSeverity, severities)]),
    ...(dueDates === undefined ? [] : validateDueDates(dueDates)),
    ...(maxAge === undefined ? [] : duration('spec.maxAge', maxAge)),
  ]
}

/** For the column "Requires" of `kubectl get`. */
export function requirementsOf({
  verify,
  maxSeverity,
  dueDates,
  maxAge,
}: Pick<ImagePolicySpec, 'verify' | 'maxSeverity' | 'dueDates' | 'maxAge'>): string {
  const names = (verify?.anyOf ?? verify?.allOf ?? []).map(
    ({ key, keyless }) => key?.name ?? keyless?.subject ?? keyless?.subjectRegExp ?? '',
  )
  const signers = names.join(verify?.anyOf === undefined ? ' and ' : ' or ')
  const further = [
    ...(maxSeverity === undefined ? [] : [`severity ${maxSeverity}`]),
    ...(dueDates === undefined ? [] : ['due dates']),
    ...(maxAge === undefined ? [] : [`age ${maxAge}`]),
  ]
  return [...(signers === '' ? [] : [signers]), ...further].join(', ') || 'nothing'
}

export function validateSigners({ anyOf, allOf }: NonNullable<ImagePolicySpec['verify']>): FieldError[] {
  const at = 'spec.verify'
  if ((anyOf === undefined) === (allOf === undefined))
    return [invalidValue(at, Object.keys({ anyOf, allOf }), 'must have exactly one of anyOf and allOf')]
  const name = anyOf === undefined ? 'allOf' : 'anyOf'
  const list = anyOf ?? allOf ?? []
  if (list.length === 0) return [required(`${at}.${name}`, 'must name at least one signer')]
  return boundedList(`${at}.${name}`, list, maxSigners, validateSigner)
}

function validateSigner({ key, keyless, signature, attestations }: SignerRequirement, at: string): FieldError[] {
  if ((key === undefined) === (keyless === undefined)) return [required(at, 'must have exactly one of key and keyless')]
  const keyErrors =
    key === undefined ? [] : [...requiredText(`${at}.key.trustRoot`, key.trustRoot), ...requiredText(`${at}.key.name`, key.name)]
  return [
    ...keyErrors,
    ...(keyless === undefined ? [] : validateKeyless(keyless, `${at}.keyless`)),
    ...(signature === undefined || presences.includes(signature) ? [] : [notSupported(`${at}.signature`, signature, presences)]),
    ...(signature === 'Optional' && (attestations ?? []).length === 0
      ? [required(`${at}.attestations`, 'must name an attestation where the signature is optional: else nothing would be required')]
      : []),
    ...boundedList(`${at}.attestations`, attestations, maxAttestations, validateAttestation),
  ]
}

function validateKeyless(
  { trustRoot, issuer, subject, subjectRegExp }: NonNullable<SignerRequirement['keyless']>,
  at: string,
): FieldError[] {
  return [
    ...requiredText(`${at}.trustRoot`, trustRoot),
    ...requiredText(`${at}.issuer`, issuer),
    ...((subject === undefined) === (subjectRegExp === undefined)
      ? [required(at, 'must have exactly one of subject and subjectRegExp')]
      : []),
    ...(subject === undefined ? [] : requiredText(`${at}.subject`, subject)),
    ...(subjectRegExp === undefined ? [] : requiredText(`${at}.subjectRegExp`, subjectRegExp)),
  ]
}

function validateAttestation({ predicateType, conditions }: AttestationRequirement, at: string): FieldError[] {
  return [
    ...requiredText(`${at}.predicateType`, predicateType),
    ...boundedList(`${at}.conditions`, conditions, maxConditions, ({ expression, message }, condition) => [
      ...requiredText(`${condition}.expression`, expression, maxExpression),
      ...boundedText(`${condition}.message`, message),
    ]),
  ]
}

function validateDueDates({ internal = {}, exposed = {}, exploited, warning }: DueDates): FieldError[] {
  const at = 'spec.dueDates'
  const days = (field: string, value: number | undefined): FieldError[] =>
    value === undefined || (value >= 0 && value <= maxDays) ? [] : [invalidValue(field, value, `must be 0 to ${maxDays} days`)]
  return [
    ...Object.entries(internal).flatMap(([severity, value]) => days(`${at}.internal.${severity}`, value)),
    ...Object.entries(exposed).flatMap(([severity, value]) => days(`${at}.exposed.${severity}`, value)),
    ...days(`${at}.exploited`, exploited),
    ...days(`${at}.warning`, warning),
  ]
}

function duration(field: string, text: string): FieldError[] {
  const parsed = text.length > maxDuration ? undefined : parseGoDuration(text)
  return typeof parsed === 'number' && parsed > 0
    ? []
    : [invalidValue(field, text.slice(0, maxDuration), 'must be a duration above 0, such as 720h')]
}
