// batch/v1 Job.

import { copyJson } from '../../../base/data/copy-json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { type FieldError, invalidValue, required, type UpdateFaults } from '../../field-error.ts'
import type { Job, JobSpec } from '../../types/batch-v1.ts'
import type { Affinity } from '../../types/core-v1.ts'
import { goLabelSelector, goStringMap, invalidShown } from '../../validation/go-syntax.ts'
import { selectorMatches, validateLabelSelector } from '../../validation/label-selector.ts'
import { dns1123Label } from '../../validation/names.ts'
import { immutableMessage } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { labelsMismatch, podOwnerColumns, validateSelectorUnchanged } from '../apps/pod-owner.ts'
import { setPodTemplateDefaults } from '../core/pod-defaults.ts'
import { podOwnerNameWarnings } from '../core/template-warnings.ts'
import { humanDuration } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { jobSpecWarnings, validateJobSpec } from './job-spec.ts'
import { validateJobStatus } from './job-status.ts'

const maxInt32 = 2_147_483_647
const prefix = 'batch.kubernetes.io/'
const nameLabels = ['job-name', `${prefix}job-name`]
const uidLabels = ['controller-uid', `${prefix}controller-uid`]

export const job = defineResource<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  namespaced: true,
  validatesMetadata: ['whole', 'change'],
  categories: ['all'],
  countsGeneration: true,
  subresources: [statusSubresource<Job>({ validate: validateJobStatus })],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', cell: statusCell },
    { name: 'Completions', type: 'string', cell: completionsCell },
    { name: 'Duration', type: 'string', cell: durationCell },
    ageColumn,
    ...podOwnerColumns,
  ],
  fieldSelectors: {
    values: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
    unknown: field => `field label ${writeJson(field)} not supported for batchv1.Job`,
  },
  setDefaults,
  prepareForCreate(object) {
    object.status = {}
    generateSelector(object)
    copyTemplateLabels(object)
  },
  prepare: keepStatus,
  warnings: (object, old) => [...podOwnerNameWarnings(object, old), ...jobSpecWarnings(object, old, object.spec, 'spec')],
  validate,
  validateUpdate,
})

function setDefaults(object: Job): void {
  const { spec } = object
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32
  copyTemplateLabels(object)
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True'
  }
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'
  spec.manualSelector ??= false
  setPodTemplateDefaults(spec.template)
}

/** Jobs whose labels are the same map as their template's. */
const ofTemplate = new WeakSet<object>()

/** A job without labels gets its pods' labels. Upstream uses one map for both, which it copies before it generates a name. */
function copyTemplateLabels({ metadata, spec }: Job): void {
  const labels = spec.template.metadata?.labels
  if (labels === undefined || Object.keys(labels).length === 0 || Object.keys(metadata.labels ?? {}).length > 0) return
  metadata.labels = { ...labels }
  if (metadata.name) ofTemplate.add(metadata.labels)
}

/** Selects the job's pods by its uid, so that no two jobs share pods. Validation rejects user-defined values of these labels. */
function generateSelector({ metadata, spec }: Job): void {
  if (spec.manualSelector === true) return
  const { name = '', uid = '' } = metadata
  spec.template.metadata ??= {}
  const labels = { ...spec.template.metadata.labels }
  for (const label of nameLabels) labels[label] ??= name
  for (const label of uidLabels) labels[label] ??= uid
  spec.template.metadata.labels = labels
  if (metadata.labels !== undefined && ofTemplate.has(metadata.labels)) metadata.labels = { ...labels }
  spec.selector ??= {}
  spec.selector.matchLabels ??= {}
  spec.selector.matchLabels[`${prefix}controller-uid`] ??= uid
}

function validate(object: Job): FieldError[] {
  return validateAgain(object, true)
}

function validateAgain(object: Job, prefixedLabels: boolean): FieldError[] {
  const errors: FieldError[] = []
  const { metadata, spec } = object
  validateGeneratedSelector(object, prefixedLabels, errors)
  validateSpec(spec, errors)
  if (spec.completionMode === 'Indexed' && spec.completions !== undefined && spec.completions > 0) {
    // The pod of the last index has the longest host name.
    const hostname = `${metadata.name}-${spec.completions - 1}`
    if (dns1123Label(hostname).length > 0) {
      errors.push(invalidValue('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${hostname}`))
    }
  }
  return errors
}

function validateSpec(spec: JobSpec, errors: FieldError[]): void {
  validateJobSpec(spec, 'spec', errors)
  validateSelector(spec, errors)
}

function validateSelector({ selector, template }: JobSpec, errors: FieldError[]): void {
  if (selector === undefined) errors.push(required('spec.selector'))
  const before = errors.length
  validateLabelSelector(selector, 'spec.selector', errors)
  if (errors.length > before) return
  const labels = template.metadata?.labels
  if (selector === undefined || !selectorMatches(selector, labels)) {
    errors.push(labelsMismatch(labels))
  }
}

function validateGeneratedSelector({ metadata, spec }: Job, prefixedLabels: boolean, errors: FieldError[]): void {
  if (spec.manualSelector === true || spec.selector === undefined) return
  const { name = '', uid = '' } = metadata
  if (uid === '') errors.push(required('metadata.uid'))
  const labels = spec.template.metadata?.labels
  const expected: Record<string, string> = {}
  const wanted = (label: string): boolean => prefixedLabels || !label.startsWith(prefix)
  for (const label of uidLabels.filter(wanted)) expected[label] = uid
  for (const label of nameLabels.filter(wanted)) expected[label] = name
  for (const [label, value] of Object.entries(expected)) {
    const field = `spec.template.metadata.labels[${label}]`
    const actual = labels?.[label]
    if (actual === undefined) errors.push(required(field, `must be '${value}'`))
    else if (actual !== value) errors.push(invalidShown(field, goStringMap(labels), `must be '${value}'`))
  }
  const errorsOfSelector: FieldError[] = []
  validateLabelSelector(spec.selector, '', errorsOfSelector)
  if (errorsOfSelector.length === 0 && !selectorMatches(spec.selector, expected)) {
    errors.push(invalidShown('spec.selector', goLabelSelector(spec.selector), '`selector` not auto-generated'))
  }
}

const immutableFields = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const

/** Upstream repeats all validation of a new job, then that of its spec twice, and then checks immutable fields. */
function validateUpdate(object: Job, old: Job): UpdateFaults {
  // Labels with the group's prefix are newer than some jobs.
  const prefixed = [nameLabels[1], uidLabels[1]].every(label => old.spec.template.metadata?.labels?.[label ?? ''] !== undefined)
  const errors: FieldError[] = []
  const { spec } = object
  validateSpec(spec, errors)
  validateCompletionsUnchanged(spec, old.spec, errors)
  validateSelectorUnchanged(spec.selector, old.spec.selector, errors)
  validateTemplateUnchanged(spec, old, errors)
  for (const name of immutableFields) {
    if (!semanticallyEqual(spec[name], old.spec[name])) errors.push(invalidValue(`spec.${name}`, spec[name], immutableMessage))
  }
  return [validateAgain(object, prefixed), errors]
}

/** The completions of an indexed job follow its parallelism. */
function validateCompletionsUnchanged(spec: JobSpec, old: JobSpec, errors: FieldError[]): void {
  if (spec.completions === old.completions) return
  if (spec.completionMode !== 'Indexed') errors.push(invalidValue('spec.completions', spec.completions, immutableMessage))
  else if (spec.completions !== undefined && spec.completions !== spec.parallelism) {
    errors.push(invalidValue('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism'))
  }
}

/** Until its first start, the scheduling of a suspended job may change. */
function validateTemplateUnchanged(spec: JobSpec, old: Job, errors: FieldError[]): void {
  const { template } = spec
  const before = copyJson(old.spec.template)
  if (old.spec.suspend === true && !old.status?.startTime && template.spec !== undefined && before.spec !== undefined) {
    for (const name of ['nodeSelector', 'tolerations', 'schedulingGates'] as const)
      Object.assign(before.spec, { [name]: template.spec[name] })
    const affinity = withNodeAffinityOf(before.spec.affinity, template.spec.affinity)
    if (affinity === undefined) delete before.spec.affinity
    else before.spec.affinity = affinity
    before.metadata = { ...before.metadata }
    Object.assign(before.metadata, { annotations: template.metadata?.annotations, labels: template.metadata?.labels })
  }
  if (!semanticallyEqual(template, before)) errors.push(invalidValue('spec.template', template, immutableMessage))
}

/** Only the node-related part may change; pod selection stays. A structure that becomes empty may be omitted. */
function withNodeAffinityOf(old: Affinity | undefined, now: Affinity | undefined): Affinity | undefined {
  const { nodeAffinity: _replaced, ...rest } = old ?? {}
  if (now === undefined) return Object.keys(rest).length === 0 ? undefined : rest
  return now.nodeAffinity === undefined ? rest : { ...rest, nodeAffinity: now.nodeAffinity }
}

function statusCell({ status, spec, metadata }: Job): string {
  // Only here, the first of several conditions of a type counts.
  const has = (type: string): boolean => status?.conditions?.find(condition => condition.type === type)?.status === 'True'
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (has('Suspended')) return 'Suspended'
  if (has('FailureTarget')) return 'FailureTarget'
  if (has('SuccessCriteriaMet') && spec.successPolicy !== undefined) return 'SuccessCriteriaMet'
  return 'Running'
}

function completionsCell({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationCell({ status }: Job, now: number): string {
  if (status?.startTime === undefined) return ''
  const end = status.completionTime === undefined ? now : Date.parse(status.completionTime)
  return humanDuration(end - Date.parse(status.startTime))
}
