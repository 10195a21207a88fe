// supply.bulkhead.dev/v1 AdvisorySource: a source of advisories that the cluster uses, who must sign it, and how long it may be silent.
import { parseGoDuration } from '../../../base/config/go-duration.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { AdvisorySource } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { boundedText, pemText } from './bounded-fields.ts'

/** As `bulkhead advisories import` names them; a test of the library compares the lists. */
export const advisoryFormats = ['osv', 'debian', 'alpine', 'redhat', 'ubuntu', 'epss', 'kev', 'vex'] as const
/** Sources are others' servers. */
export const leastIntervalMs = 60_000
const maxDurationMs = 366 * 86_400_000
/** Its name is that of a file. */
const nameForm = /^[a-z0-9][a-z0-9-]{0,62}$/

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
    { name: 'Entries', type: 'integer', cell: ({ status }) => status?.entries ?? 0 },
    { name: 'Published', type: 'string', cell: ({ status }) => status?.published ?? 'never' },
    { name: 'State', type: 'string', cell: ({ status }) => stateOf(status) },
    { name: 'Url', type: 'string', priority: 1, cell: ({ spec }) => spec.url ?? '' },
    ageColumn,
  ],
  prepareForCreate(object) {
    delete object.status
  },
  prepare: keepStatus,
  validate,
})

/** The reason of the first condition that is not as it should be. */
function stateOf(status: AdvisorySource['status']): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const silent = status?.conditions?.find(({ type }) => type === 'Silent')
  if (silent?.status === 'True' && ready?.status !== 'False') return 'Silent'
  return ready === undefined ? 'Pending' : ready.status === 'True' ? 'Ready' : ready.reason
}

function validate({ metadata, spec }: AdvisorySource): FieldError[] {
  const { format = '', url, signatureUrl, authorities, publicKey, interval, maxSilence } = spec ?? {}
  const known: readonly string[] = advisoryFormats
  const fetches = (name: string, value: string | undefined): FieldError[] =>
    value === undefined || url !== undefined ? [] : [required('spec.url', `spec.${name} is for sources that are fetched`)]
  return [
    ...(nameForm.test(metadata.name ?? '')
      ? []
      : [invalidValue('metadata.name', metadata.name, 'must be lower-case letters, digits and hyphens, at most 63')]),
    ...(known.includes(format) ? [] : [notSupported('spec.format', format, known)]),
    ...httpsUrl('spec.url', url),
    ...httpsUrl('spec.signatureUrl', signatureUrl),
    ...fetches('signatureUrl', signatureUrl),
    ...fetches('authorities', authorities),
    ...fetches('interval', interval),
    ...(url !== undefined && publicKey === undefined
      ? [required('spec.publicKey', 'what is fetched must be signed: a mirror could leave out what it likes')]
      : []),
    ...(format === 'vex' && publicKey === undefined
      ? [required('spec.publicKey', 'what takes findings away must be signed by somebody whom the object names')]
      : []),
    ...pemText('spec.authorities', authorities),
    ...pemText('spec.publicKey', publicKey),
    ...duration('spec.interval', interval),
    ...duration('spec.maxSilence', maxSilence),
  ]
}

function httpsUrl(field: string, value: string | undefined): FieldError[] {
  if (value === undefined) return []
  const url = URL.parse(value)
  if (url?.protocol === 'https:' && url.hostname !== '' && url.username === '' && url.password === '')
    return boundedText(field, value, 2048)
  return [invalidValue(field, value.slice(0, 256), 'must be an https URL without a user name, such as https://mirror.example.com/osv.zip')]
}

function duration(field: string, text: string | undefined): FieldError[] {
  if (text === undefined) return []
  const parsed = text.length > 64 ? undefined : parseGoDuration(text)
  return typeof parsed === 'number' && parsed >= leastIntervalMs && parsed <= maxDurationMs
    ? []
    : [invalidValue(field, text.slice(0, 64), 'must be a duration from 1m to 8784h, such as 36h')]
}
