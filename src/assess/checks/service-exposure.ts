import type { Service } from '../../api/types/core-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** A port on every node or a public address can be reached without the Ingress and its TLS. */
export const serviceExposure: ManifestCheck = {
  id: 'service-exposure',
  severity: 'note',
  title: 'Services are only reachable within the cluster, or restrict their clients',
  serves: ['D4', 'NSA network separation'],
  check: set =>
    set.of('services').flatMap(on => {
      const { type = 'ClusterIP', loadBalancerSourceRanges = [] } = (on.object as Service).spec ?? {}
      if (type === 'NodePort') return [{ on, field: 'spec.type', message: 'a NodePort is open on every node' }]
      if (type !== 'LoadBalancer' || loadBalancerSourceRanges.length > 0) return []
      return [{ on, field: 'spec.type', message: 'the load balancer accepts everybody: set loadBalancerSourceRanges' }]
    }),
}
