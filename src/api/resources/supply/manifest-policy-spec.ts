// The spec that ManifestPolicy and ClusterManifestPolicy share, and their columns.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { ManifestPolicySpec } from '../../types/supply-v1.ts'
import type { Column } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { boundedList, requiredText } from './bounded-fields.ts'
import { requirementsOf, validateSigners } from './image-policy-spec.ts'

const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

export const maxResources = 100
export const maxNamespaces = 1000
const reactions = ['Refuse', 'Warn']
const resourceForm = /^(?:\*|[a-z][a-z0-9-]{0,62}|(?:\*|[a-z][a-z0-9-]{0,62})\.[a-z0-9][a-z0-9.-]{0,252})$/

export function validateManifestPolicySpec(spec: ManifestPolicySpec | undefined, isOfCluster: boolean): FieldError[] {
  const { resources = [], namespaces, verify, signedAfter, onFailure } = spec ?? {}
  return [
    ...(resources.length === 0 ? [required('spec.resources', 'must name what must be signed; "*" is all')] : []),
    ...boundedList('spec.resources', resources, maxResources, (text, at) =>
      resourceForm.test(text)
        ? []
        : [invalidValue(at, text.slice(0, 100), 'must be such as deployments.apps, configmaps, *.example.com or *')],
    ),
    ...(namespaces === undefined || isOfCluster
      ? boundedList('spec.namespaces', namespaces, maxNamespaces, (text, at) => requiredText(at, text, 63))
      : [forbiddenField('spec.namespaces', 'a ManifestPolicy is for its own namespace; a ClusterManifestPolicy names several')]),
    ...(verify === undefined ? [required('spec.verify', 'must name who signs')] : validateSigners(verify)),
    ...(signedAfter === undefined || (signedAfter.length <= 40 && timeForm.test(signedAfter) && !Number.isNaN(Date.parse(signedAfter)))
      ? []
      : [invalidValue('spec.signedAfter', signedAfter.slice(0, 40), 'must be a time such as 2026-01-31T12:00:00Z')]),
    ...(onFailure === undefined || reactions.includes(onFailure) ? [] : [notSupported('spec.onFailure', onFailure, reactions)]),
  ]
}

export const manifestPolicyColumns: readonly Column<KubeObject & { spec: ManifestPolicySpec }>[] = [
  nameColumn,
  { name: 'Resources', type: 'string', cell: ({ spec }) => spec.resources.join(',') },
  { name: 'Requires', type: 'string', cell: ({ spec }) => requirementsOf({ verify: spec.verify }) },
  { name: 'On Failure', type: 'string', cell: ({ spec }) => spec.onFailure ?? 'Refuse' },
  ageColumn,
]
