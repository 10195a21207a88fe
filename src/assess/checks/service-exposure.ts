import type { Service } from '../../api/types/core-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** A port on every node, or an address on the internet, is reached past every Ingress and its TLS. */
export const serviceExposure: ManifestCheck = {
  id: 'service-exposure',
  severity: 'note',
  title: 'Services are inside the cluster, or say who may reach them',
  serves: ['D4', 'NSA network separation'],
  check: set =>
    set.of('services').flatMap(on => {
      const { type = 'ClusterIP', loadBalancerSourceRanges = [] } = (on.object as Service).spec ?? {}
      if (type === 'NodePort') return [{ on, field: 'spec.type', message: 'a NodePort is open on every node' }]
      if (type !== 'LoadBalancer' || loadBalancerSourceRanges.length > 0) return []
      return [{ on, field: 'spec.type', message: 'the load balancer serves everybody: set loadBalancerSourceRanges' }]
    }),
}
