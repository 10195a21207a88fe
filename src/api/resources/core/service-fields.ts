// Which fields of a Service mean something for its type, and what follows from one field for another.
import type { Service } from '../../types/core-v1.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'

export const topologyHints = 'service.kubernetes.io/topology-aware-hints'
export const topologyMode = 'service.kubernetes.io/topology-mode'

export const isHeadless = ({ spec }: Service): boolean => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None'

/** Even a headless Service has one: `None`. What type is no type is left for validation. */
export const needsClusterIp = ({ spec }: Service): boolean => spec.type !== 'ExternalName'

/** Whether ports of the nodes mean something for the type. */
export const hasNodePorts = ({ spec }: Service): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer'

/** Whether the server gives a port of the nodes to each port that names none. */
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

/** Keeps `clusterIP` and `clusterIPs[0]` the same, whichever of them the client changed. Changes the service in place. */
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

/** A change of type drops what the new type cannot have, unless the same request sets it anew. */
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
    // Ports may come, go and change, as long as none asks for a node port that the Service did not have.
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
  // Its balancer may still be being taken down; that is nothing that clients should wait for.
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} }
}
