// ServiceAccount, v1.

import type { ServiceAccount } from '../../types/core-v1.ts'
import { ageCell } from '../printing.ts'
import { defineResource } from '../resource.ts'

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets'

export const serviceAccount = defineResource<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
  deletion: { returnsObject: true },
  validatesMetadata: ['change', 'whole'],
  shortNames: ['sa'],
  subresources: [{ name: 'token', verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Secrets', type: 'string', cell: ({ secrets }) => secrets?.length ?? 0 },
    { name: 'Age', type: 'string', cell: ageCell },
  ],
  prepareForCreate: keepSecretNames,
  prepare: keepSecretNames,
  warnings(object, old) {
    if (object.metadata.annotations?.[mountableSecrets] === undefined || old?.metadata.annotations?.[mountableSecrets] !== undefined)
      return []
    return [
      `metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    ]
  },
})

/** A reference to a secret is its name in the account's own namespace; other fields are dropped. */
function keepSecretNames(object: ServiceAccount): void {
  if (object.secrets !== undefined) object.secrets = object.secrets.map(({ name }) => (name ? { name } : {}))
}
