// batch/v1 CronJob.
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import { isTimeZone } from '../../go-text/time-zone.ts'
import type { CronJob, CronJobSpec } from '../../types/batch-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { goLabelSelector, invalidShown } from '../../validation/go-syntax.ts'
import { validateNonnegative } from '../apps/pod-owner.ts'
import { setPodTemplateDefaults } from '../core/pod-defaults.ts'
import { podOwnerNameWarnings } from '../core/template-warnings.ts'
import { containerImages, containerNames, labelSelectorCell, translateTimestampSince } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { scheduleProblem } from './cron-schedule.ts'
import { jobSpecWarnings, validateJobSpec } from './job-spec.ts'

/** The suffix of a CronJob's jobs (`-<minutes>`) must still fit in the 63 characters of a label. */
const maxNameLength = 52
const concurrencyPolicies = ['Allow', 'Forbid', 'Replace']
const zonePart = /^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$/

export const cronJob = defineResource<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  namespaced: true,
  shortNames: ['cj'],
  categories: ['all'],
  countsGeneration: true,
  // Upstream has no rules for its status, not even those of metadata that others repeat.
  subresources: [{ ...statusSubresource<CronJob>(), validatesMetadata: false }],
  columns: [
    nameColumn,
    { name: 'Schedule', type: 'string', cell: ({ spec }) => spec.schedule },
    { name: 'Timezone', type: 'string', cell: ({ spec }) => spec.timeZone ?? '<none>' },
    { name: 'Suspend', type: 'boolean', cell: ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False') },
    { name: 'Active', type: 'integer', cell: ({ status }) => status?.active?.length ?? 0 },
    { name: 'Last Schedule', type: 'string', cell: lastScheduleCell },
    ageColumn,
    {
      name: 'Containers',
      type: 'string',
      priority: 1,
      cell: ({ spec }) => containerNames(spec.jobTemplate.spec.template.spec?.containers),
    },
    { name: 'Images', type: 'string', priority: 1, cell: ({ spec }) => containerImages(spec.jobTemplate.spec.template.spec?.containers) },
    { name: 'Selector', type: 'string', priority: 1, cell: ({ spec }) => labelSelectorCell(spec.jobTemplate.spec.selector) },
  ],
  setDefaults({ spec }) {
    spec.concurrencyPolicy ||= 'Allow'
    spec.suspend ??= false
    spec.successfulJobsHistoryLimit ??= 3
    spec.failedJobsHistoryLimit ??= 1
    setPodTemplateDefaults(spec.jobTemplate.spec.template)
  },
  prepareForCreate(object) {
    object.status = {}
  },
  prepare: keepStatus,
  warnings: (object, old) => [
    ...podOwnerNameWarnings(object, old),
    ...jobSpecWarnings(object, old, object.spec.jobTemplate.spec, 'spec.jobTemplate.spec'),
  ],
  validate(object) {
    const errors: FieldError[] = []
    const name = object.metadata.name ?? ''
    validateSpec(object.spec, undefined, errors)
    if (exceedsBytes(name, maxNameLength))
      errors.push(invalidValue('metadata.name', name, `must be no more than ${maxNameLength} characters`))
    return errors
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    validateSpec(object.spec, old.spec, errors)
    return errors
  },
})

function lastScheduleCell({ status }: CronJob, now: number): string {
  return status?.lastScheduleTime === undefined ? '<none>' : translateTimestampSince(status.lastScheduleTime, now)
}

/** A time zone that an older release accepted may stay. */
function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined, errors: FieldError[]): void {
  validateSchedule(spec, old, errors)
  validateNonnegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', errors)
  if (spec.timeZone !== old?.timeZone) validateTimeZone(spec.timeZone, errors)
  const policy = spec.concurrencyPolicy ?? ''
  if (policy === '') errors.push(required('spec.concurrencyPolicy'))
  else if (!concurrencyPolicies.includes(policy)) errors.push(notSupported('spec.concurrencyPolicy', policy, concurrencyPolicies))
  const template = spec.jobTemplate.spec
  validateJobSpec(template, 'spec.jobTemplate.spec', errors)
  if (template.selector !== undefined) {
    errors.push(invalidShown('spec.jobTemplate.spec.selector', goLabelSelector(template.selector), '`selector` will be auto-generated'))
  }
  if (template.manualSelector === true) {
    errors.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']))
  }
  validateNonnegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', errors)
  validateNonnegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', errors)
}

function validateSchedule({ schedule, timeZone }: CronJobSpec, old: CronJobSpec | undefined, errors: FieldError[]): void {
  if (schedule === '') {
    errors.push(required('spec.schedule'))
  } else {
    const problem = scheduleProblem(schedule)
    if (problem !== undefined) errors.push(invalidValue('spec.schedule', schedule, problem))
    // A schedule that an older release accepted may stay, and change.
    const allowed = old?.schedule.includes('TZ') === true
    if (schedule.includes('TZ') && !allowed) {
      errors.push(invalidValue('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'))
    } else if (schedule.includes('TZ') && timeZone !== undefined) {
      errors.push(invalidValue('spec.schedule', schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'))
    }
  }
}

function validateTimeZone(timeZone: string | undefined, errors: FieldError[]): void {
  if (timeZone === undefined) return
  const field = 'spec.timeZone'
  if (timeZone === '') {
    errors.push(invalidValue(field, timeZone, 'timeZone must be nil or non-empty string'))
    return
  }
  if (timeZone.split('/').every(isZonePart)) {
    if (timeZone.toLowerCase() === 'local') {
      errors.push(invalidValue(field, timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'))
    }
    if (timeZone === 'Local' || isTimeZone(timeZone)) return
  }
  errors.push(invalidValue(field, timeZone, `unknown time zone ${timeZone}`))
}

function isZonePart(part: string): boolean {
  return zonePart.test(part) && part !== '.' && part !== '..'
}
