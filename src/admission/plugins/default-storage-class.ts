// A claim that names no storage class gets the cluster's default one, where there is one.

import { defaultClassName, defaultStorageClassMarkers } from '../../api/default-class.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import type { AdmissionPlugin, ClusterReader } from '../admission.ts'

const oldAnnotation = 'volume.beta.kubernetes.io/storage-class'

export function defaultStorageClass({ reader }: { readonly reader: ClusterReader }): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    handles: ({ resource, subresource, operation }) =>
      resource.group === '' && resource.plural === 'persistentvolumeclaims' && subresource === '' && operation === 'CREATE',
    mutate({ object }) {
      const claim = object as PersistentVolumeClaim | undefined
      if (claim === undefined || claim.metadata.annotations?.[oldAnnotation] !== undefined) return
      // An empty name is a choice: no class.
      if (claim.spec?.storageClassName !== undefined) return
      const name = defaultClassName(reader.list('storageclasses.storage.k8s.io'), defaultStorageClassMarkers)
      if (name !== undefined) claim.spec = { ...claim.spec, storageClassName: name }
    },
  }
}
