// bulkhead.dev/v1alpha1 Backup: a request for a backup, and what came of it.
import { type FieldError, invalidValue, notSupported } from '../../field-error.ts'
import type { Backup } from '../../types/bulkhead-v1alpha1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { immutableSpec, targetName } from './backup-fields.ts'

export const backupPhases = ['Running', 'Stored', 'Verified', 'Failed'] as const

export const backup = defineResource<Backup>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'Backup',
  plural: 'backups',
  namespaced: false,
  countsGeneration: true,
  subresources: [statusSubresource<Backup>({ validate: validateStatus })],
  columns: [
    nameColumn,
    { name: 'Target', type: 'string', cell: ({ spec }) => spec.target },
    { name: 'Phase', type: 'string', cell: ({ status }) => status?.phase ?? 'Pending' },
    { name: 'Number', type: 'integer', cell: ({ status }) => status?.number ?? 0 },
    { name: 'Revision', type: 'integer', cell: ({ status }) => status?.revision ?? 0 },
    { name: 'Objects', type: 'integer', cell: ({ status }) => status?.objects ?? 0 },
    { name: 'Message', type: 'string', priority: 1, cell: ({ status }) => status?.message ?? '' },
    ageColumn,
  ],
  prepareForCreate(object) {
    delete object.status
  },
  prepare: keepStatus,
  validate: ({ spec }) => targetName(spec?.target),
  validateUpdate: (object, old) => immutableSpec(object.spec, old.spec),
})

function validateStatus({ status }: Backup): FieldError[] {
  const known: readonly string[] = backupPhases
  const { phase, report } = status ?? {}
  return [
    ...(phase === undefined || known.includes(phase) ? [] : [notSupported('status.phase', phase, known)]),
    ...(report === undefined || /^[0-9a-f]{64}$/.test(report)
      ? []
      : [invalidValue('status.report', report.slice(0, 64), 'must be a SHA-256 in hexadecimal')]),
  ]
}
