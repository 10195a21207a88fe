// A claim without a storage class gets the cluster's default one, if there is one.

import { defaultClassName, defaultStorageClassMarkers } from '../../api/default-class.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const oldAnnotation = 'volume.beta.kubernetes.io/storage-class'

export const defaultStorageClass: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'DefaultStorageClass',
  does: 'Sets the default storage class of a claim without one',
  on: 'always',
  handles: [{ operations: ['CREATE'], resources: ['persistentvolumeclaims'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  return {
    async mutate({ object }) {
      const claim = object as PersistentVolumeClaim | undefined
      if (claim === undefined || claim.metadata.annotations?.[oldAnnotation] !== undefined) return
      // An empty name means explicitly no class.
      if (claim.spec?.storageClassName !== undefined) return
      const name = defaultClassName(reader.list('storageclasses.storage.k8s.io'), defaultStorageClassMarkers)
      if (name !== undefined) claim.spec = { ...claim.spec, storageClassName: name }
    },
  }
}
