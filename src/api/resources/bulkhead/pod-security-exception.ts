// bulkhead.dev/v1alpha1 PodSecurityException: the pods of one workload may break rules of the Pod Security Standards, until it expires.
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import { podSecurityCheckIds } from '../../pods/pod-security-check-ids.ts'
import type { PodSecurityException } from '../../types/bulkhead-v1alpha1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

const digestPattern = /^sha256:[0-9a-f]{64}$/
/** Limit of characters of owner and reason. */
const maxExceptionText = 1024
const maxExceptedFields = 100
const maxCompensatingProofs = 20
const proofPattern = /^[A-Z]\d{1,2}(\/[A-Z]\d{1,2})?$/

export const podSecurityException = defineResource<PodSecurityException>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'PodSecurityException',
  plural: 'podsecurityexceptions',
  shortNames: ['psx'],
  namespaced: true,
  countsGeneration: true,
  columns: [
    nameColumn,
    { name: 'Checks', type: 'string', cell: ({ spec }) => spec.checks.join(',') },
    { name: 'Owner', type: 'string', cell: ({ spec }) => spec.owner },
    { name: 'Expires', type: 'string', cell: ({ spec }) => spec.expires ?? '' },
    ageColumn,
  ],
  validate,
})

function validate({ spec }: PodSecurityException): FieldError[] {
  const { templateDigest = '', checks = [], fields = [], owner = '', reason = '', expires, compensatingProofs: proofs = [] } = spec ?? {}
  const known: readonly string[] = podSecurityCheckIds
  const text = (name: string, value: string): FieldError[] => {
    if (value.trim() === '') return [required(`spec.${name}`)]
    return value.length > maxExceptionText ? [invalidValue(`spec.${name}`, value, `must have at most ${maxExceptionText} characters`)] : []
  }
  return [
    ...(digestPattern.test(templateDigest)
      ? []
      : [invalidValue('spec.templateDigest', templateDigest, 'must be "sha256:" and 64 hexadecimal digits, as the refusal names it')]),
    ...(checks.length === 0 ? [required('spec.checks', 'must name the checks that the pods may fail')] : []),
    ...checks.flatMap((check, index) => (known.includes(check) ? [] : [notSupported(`spec.checks[${index}]`, check, known)])),
    ...(fields.length > maxExceptedFields
      ? [invalidValue('spec.fields', fields.length, `must have at most ${maxExceptedFields} entries`)]
      : []),
    ...fields.flatMap((field, index) => (field === '' ? [required(`spec.fields[${index}]`)] : [])),
    ...text('owner', owner),
    ...text('reason', reason),
    ...(expires === null || expires === undefined ? [required('spec.expires', 'an exception must end')] : []),
    ...(proofs.length > maxCompensatingProofs
      ? [invalidValue('spec.compensatingProofs', proofs.length, `must have at most ${maxCompensatingProofs} entries`)]
      : []),
    ...proofs.flatMap((proof, index) =>
      proofPattern.test(proof)
        ? []
        : [
            invalidValue(
              `spec.compensatingProofs[${index}]`,
              proof,
              'must be the id of a proof, such as C9, as "bulkhead prove" prints it',
            ),
          ],
    ),
  ]
}
