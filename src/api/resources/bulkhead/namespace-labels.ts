// bulkhead.dev/v1alpha1 NamespaceLabels: a view of Namespaces for those who keep network policies, which select by labels.
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

/** Of an object's metadata what identifies it, and its labels: nothing of annotations, owners, finalizers and field managers. */
export function labelsAlone(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, labels, resourceVersion, creationTimestamp, deletionTimestamp } = metadata
  const kept = { name, namespace, uid, labels, resourceVersion, creationTimestamp, deletionTimestamp }
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
}
