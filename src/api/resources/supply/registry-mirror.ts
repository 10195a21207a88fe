// supply.bulkhead.dev/v1 RegistryMirror: where images of a registry are read instead.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import { isRegistryHost, maxMirrors, parseMirrorEndpoint } from '../../registry-mirrors.ts'
import type { MirrorEndpoint, RegistryMirror, RegistryMirrorSpec } from '../../types/supply-v1.ts'
import { dns1123Label } from '../../validation/names.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { boundedList, pemText } from './bounded-fields.ts'

export const registryMirror = defineResource<RegistryMirror>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'RegistryMirror',
  plural: 'registrymirrors',
  shortNames: ['regmirror'],
  namespaced: false,
  countsGeneration: true,
  columns: [
    nameColumn,
    { name: 'Registry', type: 'string', cell: ({ spec }) => spec.registry },
    { name: 'Mirrors', type: 'string', cell: ({ spec }) => (spec.mirrors ?? []).map(({ endpoint }) => endpoint).join(',') },
    { name: 'Only', type: 'boolean', cell: ({ spec }) => spec.only === true },
    { name: 'Pull-Through', type: 'string', cell: ({ spec }) => spec.pullThrough?.namespace ?? '' },
    ageColumn,
  ],
  validate: ({ spec }) => validate(spec),
})

function validate(spec: RegistryMirrorSpec | undefined): FieldError[] {
  const { registry = '', mirrors, only, pullThrough } = spec ?? {}
  return [
    ...registryField(registry),
    ...boundedList('spec.mirrors', mirrors, maxMirrors, mirrorFields),
    ...((mirrors ?? []).length === 0 && pullThrough === undefined ? [required('spec.mirrors', 'or spec.pullThrough')] : []),
    ...((mirrors ?? []).length === 0 && only === true
      ? [required('spec.mirrors', 'where spec.only is true: nothing else would be contacted')]
      : []),
    ...(pullThrough === undefined || dns1123Label(pullThrough.namespace ?? '').length === 0
      ? []
      : [invalidValue('spec.pullThrough.namespace', (pullThrough.namespace ?? '').slice(0, 100), 'must be a name of a namespace')]),
  ]
}

/** containerd chooses mirrors by the registry of an image, so there are none for a part of one. */
function registryField(registry: string): FieldError[] {
  if (registry === '') return [required('spec.registry')]
  if (isRegistryHost(registry) && registry === registry.toLowerCase()) return []
  const hint = registry.includes('/') ? ', without a path: runtimes choose mirrors by the registry' : ''
  return [
    invalidValue(
      'spec.registry',
      registry.slice(0, 256),
      `must be a registry in lower case, such as docker.io or registry.example.com:5000${hint}`,
    ),
  ]
}

function mirrorFields({ endpoint = '', authorities }: MirrorEndpoint, field: string): FieldError[] {
  return [
    ...(parseMirrorEndpoint(endpoint) === undefined
      ? [
          invalidValue(
            `${field}.endpoint`,
            endpoint.slice(0, 256),
            'must be a host with an optional port and path, without a scheme, such as mirror.example.com:5000/hub; https is always used',
          ),
        ]
      : []),
    ...pemText(`${field}.authorities`, authorities),
  ]
}
