// bulkhead.dev/v1alpha1 NamespaceLabels: a view of Namespaces for network policy agents, which select by labels.
import type { ObjectMeta } from '../../object.ts'
import type { NamespaceLabels } from '../../types/bulkhead-v1alpha1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

export const namespaceLabels = defineResource<NamespaceLabels>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'NamespaceLabels',
  plural: 'namespacelabels',
  singular: 'namespacelabels',
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  projectionOf: {
    group: '',
    plural: 'namespaces',
    view: ({ metadata }) => ({ apiVersion: 'bulkhead.dev/v1alpha1', kind: 'NamespaceLabels', metadata: labelsAlone(metadata) }),
  },
  columns: [nameColumn, ageColumn],
})

/** The identifying metadata of an object, and its labels: no annotations, owners, finalizers or field managers. */
export function labelsAlone(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, labels, resourceVersion, creationTimestamp, deletionTimestamp } = metadata
  const kept = { name, namespace, uid, labels, resourceVersion, creationTimestamp, deletionTimestamp }
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
}
