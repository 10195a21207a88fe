// A volume or claim in use is not deleted under its pods: the finalizer holds it until a controller removes it.
import type { PluginDefinition } from '../plugin-definition.ts'

const finalizers: ReadonlyMap<string, string> = new Map([
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
])

export const storageObjectInUseProtection: PluginDefinition = {
  name: 'StorageObjectInUseProtection',
  does: 'Delays the deletion of volumes and claims until no pod uses them',
  on: 'always',
  guard: 'a volume is deleted while pods use it',
  handles: [{ operations: ['CREATE'], resources: ['persistentvolumeclaims', 'persistentvolumes'] }],
  create: () => ({
    async mutate({ object, resource }) {
      const finalizer = finalizers.get(resource.plural)
      if (object && finalizer && !object.metadata.finalizers?.includes(finalizer))
        object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer]
    },
  }),
}
