// A bound claim may grow if its storage class allows expansion.

import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import type { StorageClass } from '../../api/types/storage-v1.ts'
import { compareAmounts } from '../../api/validation/quantities.ts'
import { admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const oldAnnotation = 'volume.beta.kubernetes.io/storage-class'
const sizeOf = ({ spec }: PersistentVolumeClaim): string => String(spec?.resources?.requests?.['storage'] ?? '0')
const classOf = ({ metadata, spec }: PersistentVolumeClaim): string => metadata.annotations?.[oldAnnotation] ?? spec?.storageClassName ?? ''

export const persistentVolumeClaimResize: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'PersistentVolumeClaimResize',
  does: 'Allows a bound claim to grow only if its storage class does',
  on: 'always',
  handles: [{ operations: ['UPDATE'], resources: ['persistentvolumeclaims'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  const expands = (claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean => {
    const name = classOf(claim)
    if (name === '' || name !== classOf(old)) return false
    const found = reader.get('storageclasses.storage.k8s.io', '', name) as StorageClass | undefined
    return found?.allowVolumeExpansion === true
  }
  return {
    async validate({ object, oldObject, resource, name }) {
      const claim = object as PersistentVolumeClaim | undefined
      const old = oldObject as PersistentVolumeClaim | undefined
      if (claim === undefined || old === undefined || compareAmounts(sizeOf(claim), sizeOf(old)) <= 0) return admitted
      const refuse = (why: string) => ({ allowed: false, error: forbidden(resource, name, why) }) as const
      if (old.status?.phase !== 'Bound') return refuse('Only bound persistent volume claims can be expanded')
      if (expands(claim, old)) return admitted
      return refuse('only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize')
    },
  }
}
