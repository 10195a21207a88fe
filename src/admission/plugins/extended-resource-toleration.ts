// A pod that requests a device tolerates the taint by which nodes with such devices repel other pods.
import type { Pod, Toleration } from '../../api/types/core-v1.ts'
import { isExtendedResource } from '../../api/validation/resource-names.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

export const extendedResourceToleration: PluginDefinition = {
  name: 'ExtendedResourceToleration',
  does: 'Adds tolerations to pods that request a device, for nodes with such devices',
  on: 'requested',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['pods'] }],
  create: () => ({
    async mutate({ object }) {
      const { spec } = object as Pod
      const devices = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
        Object.keys(resources?.requests ?? {}).filter(isExtendedResource),
      )
      for (const key of [...new Set(devices)].sort()) {
        const wanted: Toleration = { key, operator: 'Exists', effect: 'NoSchedule' }
        if (!spec.tolerations?.some(own => isSame(own, wanted))) spec.tolerations = [...(spec.tolerations ?? []), wanted]
      }
    },
  }),
}

const isSame = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key && a.operator === b.operator && a.effect === b.effect && a.value === b.value && a.tolerationSeconds === undefined
