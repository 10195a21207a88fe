// supply.bulkhead.dev/v1 AdvisorySource: where advisories on vulnerabilities come from.
import { type FieldError, invalidValue, notSupported } from '../../field-error.ts'
import type { AdvisorySource } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { boundedList, httpsUrl, pemText, requiredText } from './bounded-fields.ts'

export const advisoryFormats = ['OSV', 'Debian', 'Alpine', 'RedHat', 'Ubuntu', 'VEX', 'EPSS', 'KEV'] as const
export const maxEcosystems = 50
/** Sources are others' servers. */
export const leastIntervalSeconds = 60
const maxSeconds = 366 * 86_400

export const advisorySource = defineResource<AdvisorySource>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'AdvisorySource',
  plural: 'advisorysources',
  shortNames: ['advsrc'],
  namespaced: false,
  countsGeneration: true,
  subresources: [statusSubresource<AdvisorySource>()],
  columns: [
    nameColumn,
    { name: 'Format', type: 'string', cell: ({ spec }) => spec.format },
    { name: 'Advisories', type: 'integer', cell: ({ status }) => status?.advisories ?? 0 },
    { name: 'Imported', type: 'string', cell: ({ status }) => status?.imported ?? 'never' },
    { name: 'Message', type: 'string', priority: 1, cell: ({ status }) => status?.message ?? '' },
    ageColumn,
  ],
  prepareForCreate(object) {
    delete object.status
  },
  prepare: keepStatus,
  validate,
})

function validate({ spec }: AdvisorySource): FieldError[] {
  const { format = '', ecosystems, url, authorities, publicKey, intervalSeconds, silentAfterSeconds } = spec ?? {}
  const known: readonly string[] = advisoryFormats
  const seconds = (name: string, value: number | undefined): FieldError[] =>
    value === undefined || (value >= leastIntervalSeconds && value <= maxSeconds)
      ? []
      : [invalidValue(`spec.${name}`, value, `must be ${leastIntervalSeconds} to ${maxSeconds}`)]
  return [
    ...(known.includes(format) ? [] : [notSupported('spec.format', format, known)]),
    ...boundedList('spec.ecosystems', ecosystems, maxEcosystems, (text, at) => requiredText(at, text, 100)),
    ...httpsUrl('spec.url', url),
    ...pemText('spec.authorities', authorities),
    ...pemText('spec.publicKey', publicKey),
    ...seconds('intervalSeconds', intervalSeconds),
    ...seconds('silentAfterSeconds', silentAfterSeconds),
  ]
}
