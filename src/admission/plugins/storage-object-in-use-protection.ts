// A volume or claim in use is not deleted under its pods: the finalizer holds it until a controller lets it go.
import type { AdmissionPlugin } from '../admission.ts'

const finalizers: ReadonlyMap<string, string> = new Map([
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
])

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: ({ resource, subresource, operation }) =>
    resource.group === '' && finalizers.has(resource.plural) && subresource === '' && operation === 'CREATE',
  mutate({ object, resource }) {
    const finalizer = finalizers.get(resource.plural)
    if (object && finalizer && !object.metadata.finalizers?.includes(finalizer))
      object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer]
  },
}
