// supply.bulkhead.dev/v1 RegistryToken: a password for the cluster's registry; the server answers it, nothing is stored.
import { type FieldError, invalidValue } from '../../field-error.ts'
import type { RegistryToken } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'

export const minRegistrySeconds = 600
/** A user's groups and rights to log in may end before the token does. */
export const maxRegistrySeconds = 3600

export const registryToken = defineResource<RegistryToken>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'RegistryToken',
  plural: 'registrytokens',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
  validate({ spec }): FieldError[] {
    const seconds = spec?.expirationSeconds ?? maxRegistrySeconds
    if (seconds >= minRegistrySeconds && seconds <= maxRegistrySeconds) return []
    return [invalidValue('spec.expirationSeconds', seconds, `must be from ${minRegistrySeconds} to ${maxRegistrySeconds}`)]
  },
})
