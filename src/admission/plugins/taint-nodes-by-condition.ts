// A new node takes no pods before it was seen ready.
import type { Node } from '../../api/types/core-v1.ts'
import type { AdmissionPlugin } from '../admission.ts'

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: ({ resource, subresource, operation }) =>
    resource.group === '' && resource.plural === 'nodes' && subresource === '' && operation === 'CREATE',
  mutate({ object }) {
    if (object === undefined) return
    const { spec } = object as Node
    const taints = spec?.taints ?? []
    if (spec && !taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect))
      spec.taints = [...taints, { ...notReady }]
  },
}
