// A pod that asks for a device tolerates the taint by which nodes with such devices keep other pods away.
import type { Pod, Toleration } from '../../api/types/core-v1.ts'
import { isExtendedResource } from '../../api/validation/resource-names.ts'
import type { AdmissionPlugin } from '../admission.ts'

export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  handles: ({ resource, subresource, operation }) =>
    resource.group === '' && resource.plural === 'pods' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  mutate({ object }) {
    const { spec } = object as Pod
    const devices = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
      Object.keys(resources?.requests ?? {}).filter(isExtendedResource),
    )
    for (const key of [...new Set(devices)].sort()) {
      const wanted: Toleration = { key, operator: 'Exists', effect: 'NoSchedule' }
      if (!spec.tolerations?.some(own => isSame(own, wanted))) spec.tolerations = [...(spec.tolerations ?? []), wanted]
    }
  },
}

const isSame = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key && a.operator === b.operator && a.effect === b.effect && a.value === b.value && a.tolerationSeconds === undefined
