// bulkhead.dev/v1alpha1 ProofResult: what came of the latest runs of one proof. Only administrators and the schedule of proofs write it.
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { ProofResult, ProofRun } from '../../types/bulkhead-v1alpha1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

export const proofVerdicts = ['Passed', 'Failed', 'Skipped'] as const

const idPattern = /^[A-Z]\d{1,2}(\/[A-Z]\d{1,2})?$/
const digestPattern = /^[0-9a-f]{64}$/
export const maxFoundLines = 20
export const maxFoundText = 1024

/** The name of the object of a proof: `S5/A9` is `s5-a9`. */
export const proofResultName = (proof: string): string => proof.toLowerCase().replaceAll('/', '-')

export const proofResult = defineResource<ProofResult>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'ProofResult',
  plural: 'proofresults',
  shortNames: ['proof'],
  namespaced: false,
  columns: [
    nameColumn,
    { name: 'Last', type: 'string', cell: ({ spec }) => spec?.last ?? '' },
    { name: 'Passed', type: 'string', cell: ({ spec }) => spec?.passed?.time ?? 'never' },
    { name: 'Failed', type: 'string', cell: ({ spec }) => spec?.failed?.time ?? 'never' },
    ageColumn,
  ],
  validate,
  auditAnnotations: ({ spec }): Readonly<Record<string, string>> =>
    spec.last === 'Failed' ? { 'bulkhead.dev/proof-failed': spec.proof } : {},
})

function validate({ metadata, spec }: ProofResult): FieldError[] {
  const { proof = '', title = '', last = '', passed, failed, skipped } = spec ?? {}
  const run = (name: string, value: ProofRun | undefined): FieldError[] => (value === undefined ? [] : validateRun(`spec.${name}`, value))
  const runOf: Readonly<Record<string, ProofRun | undefined>> = { Passed: passed, Failed: failed, Skipped: skipped }
  const known: readonly string[] = proofVerdicts
  return [
    ...(!idPattern.test(proof) || metadata.name !== proofResultName(proof)
      ? [invalidValue('spec.proof', proof, 'must be the id of a proof, such as C9, and the name of the object must be that in lower case')]
      : []),
    ...(title === '' ? [required('spec.title')] : []),
    ...(!known.includes(last) ? [notSupported('spec.last', last, known)] : []),
    ...(known.includes(last) && runOf[last] === undefined ? [required(`spec.${last.toLowerCase()}`, 'must be the latest run')] : []),
    ...run('passed', passed),
    ...run('failed', failed),
    ...run('skipped', skipped),
  ]
}

function validateRun(at: string, { time, build, configuration, attempts, found = [], report, reason = '' }: ProofRun): FieldError[] {
  const digest = (name: string, value: string | undefined) =>
    digestPattern.test(value ?? '') ? [] : [invalidValue(`${at}.${name}`, value ?? '', 'must be a SHA-256 in hexadecimal')]
  return [
    ...(time === null || time === undefined ? [required(`${at}.time`)] : []),
    ...digest('build', build),
    ...digest('configuration', configuration),
    ...(report === undefined ? [] : digest('report', report)),
    ...(attempts < 0 ? [invalidValue(`${at}.attempts`, attempts, 'must be 0 or more')] : []),
    ...(found.length > maxFoundLines || found.some(({ length }) => length > maxFoundText) || reason.length > maxFoundText
      ? [
          invalidValue(
            `${at}.found`,
            found.length,
            `must have at most ${maxFoundLines} lines of ${maxFoundText} characters, and reason too`,
          ),
        ]
      : []),
  ]
}
