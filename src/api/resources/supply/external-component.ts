// supply.bulkhead.dev/v1 ExternalComponent: a server outside of the cluster, such as a database, whose TLS key is pinned.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { ExternalComponent, ExternalComponentSpec } from '../../types/supply-v1.ts'
import { dns1123Subdomain } from '../../validation/names.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { boundedList, boundedText } from './bounded-fields.ts'

/** A key and its successors. */
export const maxPins = 5
/** The condition for the pin. */
export const pinnedCondition = 'KeyPinned'
const hexadecimal = /^[0-9a-f]{64}$/
const address = /^[0-9a-fA-F:.]{2,45}$/

export const externalComponent = defineResource<ExternalComponent>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'ExternalComponent',
  plural: 'externalcomponents',
  shortNames: ['extcomp'],
  namespaced: true,
  countsGeneration: true,
  subresources: [statusSubresource<ExternalComponent>()],
  columns: [
    nameColumn,
    { name: 'Address', type: 'string', cell: ({ spec }) => `${spec.host}:${spec.port}` },
    { name: 'Version', type: 'string', cell: ({ spec }) => spec.version ?? '' },
    {
      name: 'Pinned',
      type: 'string',
      cell: ({ status }) => status?.conditions?.find(({ type }) => type === pinnedCondition)?.reason ?? 'Unknown',
    },
    ageColumn,
  ],
  prepareForCreate(object) {
    delete object.status
  },
  prepare: keepStatus,
  validate: ({ spec }) => validate(spec),
})

function validate(spec: ExternalComponentSpec | undefined): FieldError[] {
  const { host = '', port = 0, serverName, spkiSha256 = [], version } = spec ?? {}
  return [
    ...(address.test(host) || dns1123Subdomain(host).length === 0
      ? []
      : [invalidValue('spec.host', host.slice(0, 100), 'must be a DNS name or an IP address')]),
    ...(port >= 1 && port <= 65_535 ? [] : [invalidValue('spec.port', port, 'must be 1 to 65535')]),
    ...(serverName === undefined || dns1123Subdomain(serverName).length === 0
      ? []
      : [invalidValue('spec.serverName', serverName.slice(0, 100), 'must be a DNS name')]),
    ...(spkiSha256.length === 0 ? [required('spec.spkiSha256', 'must have the SHA-256 of at least one public key')] : []),
    ...boundedList('spec.spkiSha256', spkiSha256, maxPins, (text, at) =>
      hexadecimal.test(text)
        ? []
        : [invalidValue(at, text.slice(0, 100), 'must be SHA-256 of a public key (SPKI, DER) in lower-case hexadecimal')],
    ),
    ...boundedText('spec.version', version, 253),
  ]
}
