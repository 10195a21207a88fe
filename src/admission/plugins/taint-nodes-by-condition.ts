// A new node gets no pods before it is ready.
import type { Node } from '../../api/types/core-v1.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const

export const taintNodesByCondition: PluginDefinition = {
  name: 'TaintNodesByCondition',
  does: 'Keeps pods off a new node until it reports that it is ready',
  on: 'always',
  handles: [{ operations: ['CREATE'], resources: ['nodes'] }],
  create: () => ({
    async mutate({ object }) {
      if (object === undefined) return
      const { spec } = object as Node
      const taints = spec?.taints ?? []
      if (spec && !taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect))
        spec.taints = [...taints, { ...notReady }]
    },
  }),
}
