// supply.bulkhead.dev/v1 Image: what is known of one digest. Only the part `artifacts` writes it, so its status is no subresource: one
// write stores all that was found.
import { type FieldError, invalidValue, notSupported } from '../../field-error.ts'
import type { Image, ImageStatus, ImageVerdict } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { boundedList, boundedText, requiredText } from './bounded-fields.ts'

export const imageVerdicts = ['Verified', 'Unverified', 'Refused'] as const
export type Verdict = (typeof imageVerdicts)[number]

export const maxReferences = 20
export const maxPlatforms = 50
export const maxVerdicts = 200
export const maxIdentities = 20
export const maxRunningNames = 100
export const maxFindings = 20
export const maxUpdates = 20
export const maxProvenance = 5
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

/** The name of the object of a digest: object names have no colon. */
export const imageName = (digest: string): string => digest.replace(':', '-')

export const image = defineResource<Image>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'Image',
  plural: 'images',
  shortNames: ['img'],
  namespaced: false,
  columns: [
    nameColumn,
    { name: 'Reference', type: 'string', cell: ({ status }) => status?.references?.[0] ?? '' },
    { name: 'Verdict', type: 'string', cell: ({ status }) => verdictCell(status) },
    { name: 'Pods', type: 'integer', cell: ({ status }) => status?.running?.pods ?? 0 },
    { name: 'Packages', type: 'string', cell: ({ status }) => packagesCell(status) },
    { name: 'Findings', type: 'string', cell: ({ status }) => findingsCell(status) },
    { name: 'Due', type: 'string', priority: 1, cell: ({ status }) => status?.findings?.due ?? '' },
    { name: 'Signed By', type: 'string', priority: 1, cell: ({ status }) => identitiesCell(status) },
    { name: 'Running', type: 'string', priority: 1, cell: ({ status }) => (status?.running?.names ?? []).join(',') },
    ageColumn,
  ],
  validate,
})

function validate({ metadata, spec, status = {} }: Image): FieldError[] {
  const { digest = '' } = spec ?? {}
  return [
    ...(!digestPattern.test(digest)
      ? [invalidValue('spec.digest', digest, 'must be "sha256:" and 64 hexadecimal digits in lower case, or "sha512:" and 128')]
      : metadata.name !== imageName(digest)
        ? [invalidValue('metadata.name', metadata.name, `must be "${imageName(digest)}", the digest with "-" for ":"`)]
        : []),
    ...boundedText('spec.mediaType', spec?.mediaType, 255),
    ...boundedList('status.references', status.references, maxReferences, (text, at) => requiredText(at, text, 4096)),
    ...boundedList('status.platforms', status.platforms, maxPlatforms),
    ...boundedList('status.verdicts', status.verdicts, maxVerdicts, validateVerdict),
    ...boundedList('status.findings.list', status.findings?.list, maxFindings),
    ...boundedList('status.updates', status.updates, maxUpdates),
    ...boundedList('status.provenance', status.provenance, maxProvenance),
    ...boundedList('status.running.names', status.running?.names, maxRunningNames),
  ]
}

function validateVerdict({ namespace, verdict, policies, identities, message }: ImageVerdict, at: string): FieldError[] {
  const known: readonly string[] = imageVerdicts
  return [
    ...requiredText(`${at}.namespace`, namespace, 63),
    ...(known.includes(verdict) ? [] : [notSupported(`${at}.verdict`, verdict, known)]),
    ...boundedList(`${at}.policies`, policies, maxVerdicts),
    ...boundedList(`${at}.identities`, identities, maxIdentities, (text, path) => boundedText(path, text)),
    ...boundedText(`${at}.message`, message, 4096),
  ]
}

/** The worst one: a refusal in one namespace must not hide behind another's. */
function verdictCell(status: ImageStatus | undefined): string {
  const found = new Set((status?.verdicts ?? []).map(({ verdict }) => verdict))
  return ['Refused', 'Unverified', 'Verified'].find(verdict => found.has(verdict)) ?? 'Unverified'
}

function identitiesCell(status: ImageStatus | undefined): string {
  return [...new Set((status?.verdicts ?? []).flatMap(({ identities }) => identities ?? []))].join(',')
}

const packagesCell = ({ sbom }: ImageStatus = {}): string =>
  sbom === undefined ? 'pending' : sbom.source === 'None' ? 'not read' : String(sbom.packages)

function findingsCell({ findings, sbom }: ImageStatus = {}): string {
  if (findings === undefined) return sbom === undefined ? 'pending' : 'unknown'
  const counts = (['critical', 'high', 'medium', 'low', 'unknown'] as const).filter(severity => findings[severity] > 0)
  return counts.length === 0 ? 'none' : counts.map(severity => `${findings[severity]} ${severity}`).join(', ')
}
