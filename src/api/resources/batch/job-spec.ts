// Validates the spec of a Job, in Jobs and in the templates of CronJobs.
import { type FieldError, invalidValue, notSupported, required, tooLong } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { JobSpec } from '../../types/batch-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { validatePodTemplateSpec } from '../../validation/pod/pod-template.ts'
import { validateNonnegative } from '../apps/pod-owner.ts'
import { templateWarnings } from '../core/template-warnings.ts'
import { validateDomainPrefixedPath } from '../networking/domain-prefixed-path.ts'
import { validatePodFailurePolicy } from './pod-failure-policy.ts'
import { validateSuccessPolicy } from './success-policy.ts'

const maxParallelism = 100_000
const maxParallelismOfLargeJobs = 10_000
const largeCompletions = 100_000
const maxManagedByLength = 63
const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

/** For a new object, or one whose generation shows that its spec changed. */
export function jobSpecWarnings(object: KubeObject, old: KubeObject | undefined, spec: JobSpec, field: string): string[] {
  if (old !== undefined && object.metadata.generation === old.metadata.generation) return []
  const warnings: string[] = []
  const { completions = 0, parallelism = 0 } = spec
  if (spec.completionMode === 'Indexed' && completions > largeCompletions && parallelism > maxParallelismOfLargeJobs) {
    warnings.push(
      `${field}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
    )
  }
  return [...warnings, ...templateWarnings(object, old, spec.template, `${field}.template`)]
}

/** `field` is the path of the spec. The caller validates the selector. */
export function validateJobSpec(spec: JobSpec, field: string, errors: FieldError[]): void {
  for (const name of counts) validateNonnegative(spec[name], `${field}.${name}`, errors)
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  }
  if (spec.managedBy !== undefined) {
    validateDomainPrefixedPath(spec.managedBy, `${field}.managedBy`, errors)
    if (exceedsBytes(spec.managedBy, maxManagedByLength)) errors.push(tooLong(`${field}.managedBy`, maxManagedByLength))
  }
  validateCompletionMode(spec, field, errors)
  if (spec.podFailurePolicy !== undefined) {
    validatePodFailurePolicy(spec.podFailurePolicy, spec, `${field}.podFailurePolicy`, errors)
  }
  if (spec.successPolicy !== undefined) validateSuccessPolicy(spec.successPolicy, spec, `${field}.successPolicy`, errors)
  validateReplacementPolicy(spec, `${field}.podReplacementPolicy`, errors)
  validatePodTemplateSpec(spec.template, `${field}.template`, errors)
  validateRestartPolicy(spec, `${field}.template.spec`, errors)
}

function validateCompletionMode(spec: JobSpec, field: string, errors: FieldError[]): void {
  const { completionMode, completions, parallelism = 0, backoffLimitPerIndex, maxFailedIndexes } = spec
  if (completionMode !== 'Indexed') {
    if (completionMode !== undefined && completionMode !== 'NonIndexed') {
      errors.push(notSupported(`${field}.completionMode`, completionMode, ['NonIndexed', 'Indexed']))
      return
    }
    for (const [name, value] of Object.entries({ backoffLimitPerIndex, maxFailedIndexes })) {
      if (value !== undefined) errors.push(invalidValue(`${field}.${name}`, value, 'requires indexed completion mode'))
    }
    return
  }
  const tooLarge = (name: 'parallelism' | 'maxFailedIndexes', value: number, detail: string): void => {
    errors.push(invalidValue(`${field}.${name}`, value, detail))
  }
  if (completions === undefined) errors.push(required(`${field}.completions`, 'when completion mode is Indexed'))
  if (parallelism > maxParallelism) {
    tooLarge('parallelism', parallelism, `must be less than or equal to ${maxParallelism} when completion mode is Indexed`)
  }
  if (completions === undefined) return
  if (maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    tooLarge('maxFailedIndexes', maxFailedIndexes, 'must be less than or equal to completions')
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > largeCompletions) {
    tooLarge('maxFailedIndexes', maxFailedIndexes, `must be less than or equal to ${largeCompletions}`)
  }
  if (completions <= largeCompletions || backoffLimitPerIndex === undefined) return
  if (maxFailedIndexes === undefined) {
    errors.push(required(`${field}.maxFailedIndexes`, `must be specified when completions is above ${largeCompletions}`))
  }
  for (const [name, value = 0] of [
    ['parallelism', parallelism],
    ['maxFailedIndexes', maxFailedIndexes],
  ] as const) {
    if (value <= maxParallelismOfLargeJobs) continue
    tooLarge(
      name,
      value,
      `must be less than or equal to ${maxParallelismOfLargeJobs} when completions are above ${largeCompletions} and used with backoff limit per index`,
    )
  }
}

function validateReplacementPolicy({ podReplacementPolicy, podFailurePolicy }: JobSpec, field: string, errors: FieldError[]): void {
  if (podReplacementPolicy === undefined) return
  // Pods that a failure policy may still evaluate must not be replaced before they have failed.
  const supported = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed']
  if (!supported.includes(podReplacementPolicy)) errors.push(notSupported(field, podReplacementPolicy, supported))
}

function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, field: string, errors: FieldError[]): void {
  const policy = template.spec?.restartPolicy ?? ''
  if (policy === '' || policy === 'Always') {
    errors.push(required(`${field}.restartPolicy`, 'valid values: "OnFailure", "Never"'))
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    errors.push(notSupported(`${field}.restartPolicy`, policy, ['OnFailure', 'Never']))
  } else if (podFailurePolicy !== undefined && policy !== 'Never') {
    errors.push(invalidValue(`${field}.restartPolicy`, policy, 'only "Never" is supported when podFailurePolicy is specified'))
  }
}
