// Which secrets of a class a driver gets for a snapshot. As with StorageClasses, only an administrator writes classes.
import { deletionSecretName, deletionSecretNamespace } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshot, VolumeSnapshotClass } from '../../api/volumes/snapshot-objects.ts'
import { secretReference } from '../volumes/secret-template.ts'

const nameKey = 'csi.storage.k8s.io/snapshotter-secret-name'
const namespaceKey = 'csi.storage.k8s.io/snapshotter-secret-namespace'

/** For the content, so that the snapshot can be deleted when its class is gone. A text says what is wrong with the class. */
export function deletionSecretAnnotations(
  { parameters = {} }: VolumeSnapshotClass,
  { metadata }: VolumeSnapshot,
): Record<string, string> | string {
  const namespace = {
    'volumesnapshot.namespace': metadata.namespace ?? '',
    'volumesnapshotcontent.name': `snapcontent-${metadata.uid}`,
  }
  const name = { ...namespace, 'volumesnapshot.name': metadata.name ?? '' }
  const reference = secretReference(parameters, nameKey, namespaceKey, { name, namespace })
  if (typeof reference === 'string') return reference
  if (reference === undefined) return {}
  return { [deletionSecretName]: reference.name, [deletionSecretNamespace]: reference.namespace }
}
