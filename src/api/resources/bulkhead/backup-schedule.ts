// bulkhead.dev/v1alpha1 BackupSchedule: when backups are made, how old the newest verified one may be, and which are kept.
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { BackupRetention, BackupSchedule } from '../../types/bulkhead-v1alpha1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { durationField, targetName } from './backup-fields.ts'

/** More of one rule would fill the target with the lists of what is kept. */
const mostKept = 1000
const rules = ['keepLast', 'keepHourly', 'keepDaily', 'keepWeekly', 'keepMonthly'] as const

export const backupSchedule = defineResource<BackupSchedule>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'BackupSchedule',
  plural: 'backupschedules',
  namespaced: false,
  countsGeneration: true,
  subresources: [statusSubresource<BackupSchedule>()],
  columns: [
    nameColumn,
    { name: 'Target', type: 'string', cell: ({ spec }) => spec.target },
    { name: 'Every', type: 'string', cell: ({ spec }) => spec.every },
    {
      name: 'Current',
      type: 'string',
      cell: ({ status }) => status?.conditions?.find(({ type }) => type === 'Current')?.status ?? 'Unknown',
    },
    { name: 'Verified', type: 'string', cell: ({ status }) => status?.lastVerified ?? 'never' },
    { name: 'Reached', type: 'string', cell: ({ status }) => status?.reached ?? 'never' },
    ageColumn,
  ],
  prepareForCreate(object) {
    delete object.status
  },
  prepare: keepStatus,
  validate,
})

function validate({ spec }: BackupSchedule): FieldError[] {
  const { target, every, fullEvery, maxAge, volumes, retention } = spec ?? {}
  return [
    ...targetName(target),
    ...(every === undefined || every === '' ? [required('spec.every')] : durationField('spec.every', every)),
    ...durationField('spec.fullEvery', fullEvery),
    ...durationField('spec.maxAge', maxAge),
    // Contents of volumes are not part of a backup: who asks for them must not believe that they are.
    ...(volumes === undefined || volumes === 'None' ? [] : [notSupported('spec.volumes', volumes, ['None'])]),
    ...validateRetention(retention),
  ]
}

function validateRetention(retention: BackupRetention | undefined): FieldError[] {
  if (retention === undefined) return []
  const counts = rules.flatMap(rule => {
    const count = retention[rule]
    return count === undefined || (count >= 0 && count <= mostKept)
      ? []
      : [invalidValue(`spec.retention.${rule}`, count, `must be from 0 to ${mostKept}`)]
  })
  return [...counts, ...durationField('spec.retention.history', retention.history)]
}
