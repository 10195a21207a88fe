// Which fields of a Service apply to its type, and how fields depend on each other.
import type { Service } from '../../types/core-v1.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'

export const topologyHints = 'service.kubernetes.io/topology-aware-hints'
export const topologyMode = 'service.kubernetes.io/topology-mode'

export const isHeadless = ({ spec }: Service): boolean => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None'

/** Even a headless Service has one: `None`. Validation rejects an unknown type. */
export const needsClusterIp = ({ spec }: Service): boolean => spec.type !== 'ExternalName'

/** Whether the type supports node ports. */
export const hasNodePorts = ({ spec }: Service): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer'

/** Whether the server assigns a node port to each port without one. */
export function allocatesNodePorts({ spec }: Service): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
}

/** Load balancers ask each node whether it has endpoints. */
export function needsHealthCheck({ spec }: Service): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
}

export function isExternallyAccessible({ spec }: Service): boolean {
  return spec.type === 'LoadBalancer' || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0)
}

/** Keeps `clusterIP` and `clusterIPs[0]` equal, whichever the client changed. Modifies the Service. */
export function normalizeClusterIps(service: Service, old?: Service): void {
  const { spec } = service
  const address = spec.clusterIP ?? ''
  const addresses = spec.clusterIPs ?? []
  if (old === undefined) {
    if (address !== '' && addresses.length === 0) spec.clusterIPs = [address]
    return
  }
  const oldAddress = old.spec.clusterIP ?? ''
  if (addresses.length === 0 && address === oldAddress && old.spec.clusterIPs?.length) {
    spec.clusterIPs = [...old.spec.clusterIPs]
    return
  }
  const same = semanticallyEqual(addresses, old.spec.clusterIPs ?? [])
  if (address === oldAddress || !same) return
  // Only `clusterIP` was changed: clearing it clears both, setting it sets both.
  if (address === '') delete spec.clusterIPs
  else spec.clusterIPs = [address]
}

/** A change of type drops fields that the new type does not support, unless the same request sets them. */
export function dropFieldsOfOldType(service: Service, old: Service): void {
  const { spec } = service
  const same = (field: keyof Service['spec']): boolean => semanticallyEqual(spec[field], old.spec[field])
  if (needsClusterIp(old) && !needsClusterIp(service)) {
    if (same('clusterIP') && same('clusterIPs')) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (same('ipFamilies')) delete spec.ipFamilies
    if (same('ipFamilyPolicy')) delete spec.ipFamilyPolicy
  }
  if (hasNodePorts(old) && !hasNodePorts(service)) {
    // Ports may be added, removed and changed, as long as none requests a new node port.
    const known = new Set(old.spec.ports?.map(({ nodePort }) => nodePort))
    const ports = spec.ports ?? []
    if (ports.every(({ nodePort }) => !nodePort || known.has(nodePort))) for (const port of ports) delete port.nodePort
  }
  if (needsHealthCheck(old) && !needsHealthCheck(service) && same('healthCheckNodePort')) delete spec.healthCheckNodePort
  if (old.spec.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (same('allocateLoadBalancerNodePorts')) delete spec.allocateLoadBalancerNodePorts
    if (same('loadBalancerClass')) delete spec.loadBalancerClass
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(service) && same('externalTrafficPolicy')) delete spec.externalTrafficPolicy
  // The old load balancer may still be in deletion; clients need not wait for that.
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} }
}
