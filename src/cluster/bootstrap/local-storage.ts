// The storage that every cluster has: volumes on the disks of its nodes, encrypted, made where the first pod lands.
import type { KubeObject } from '../../api/object.ts'
import type { CSIDriver, StorageClass } from '../../api/types/storage-v1.ts'
import { encryptionParameter, localClassName, localDriver } from '../../api/volumes/local-volume-names.ts'

const storageClass: KubeObject & StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: localClassName, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: localDriver,
  parameters: { [encryptionParameter]: 'required' },
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
}

const driver: KubeObject & CSIDriver = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: localDriver },
  spec: {
    attachRequired: false,
    podInfoOnMount: false,
    storageCapacity: true,
    fsGroupPolicy: 'File',
    volumeLifecycleModes: ['Persistent'],
  },
}

export const localStorage: readonly KubeObject[] = [storageClass, driver]
