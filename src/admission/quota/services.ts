// The quota usage of a Service: itself, its node ports and a load balancer.
import { parseQuantity } from '../../api/quantity/quantity.ts'
import type { Service } from '../../api/types/core-v1.ts'
import { countName, type Evaluator } from './evaluator.ts'

const one = parseQuantity('1')
const none = parseQuantity('0')
const covered: ReadonlySet<string> = new Set([countName('services'), 'services', 'services.nodeports', 'services.loadbalancers'])

export const services: Evaluator = {
  groupResource: 'services',
  measures: 'objects',
  // An update may change the type.
  handles: ({ subresource, operation }) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  covers: name => covered.has(name),
  usage(object) {
    const { spec } = object as Service
    return new Map([
      [countName('services'), one],
      ['services', one],
      ['services.nodeports', parseQuantity(String(nodePorts(spec)))],
      ['services.loadbalancers', spec?.type === 'LoadBalancer' ? one : none],
    ])
  },
  inScope: () => false,
}

/** The requested number: the ports may not be allocated yet. */
function nodePorts(spec: Service['spec']): number {
  const ports = spec?.ports ?? []
  if (spec?.type === 'NodePort') return ports.length
  if (spec?.type !== 'LoadBalancer') return 0
  return spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort).length : ports.length
}
