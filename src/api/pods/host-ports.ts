// Ports of the node that a pod takes for itself.
import type { ContainerPort, Pod } from '../types/core-v1.ts'

/** Those of containers that stay: init containers are gone before others run, but for sidecars. */
export function hostPorts({ spec }: Pod): ContainerPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) => ports.filter(({ hostPort = 0 }) => hostPort > 0))
}

/** Whether two pods cannot have both on one node. */
export function hostPortsCollide(a: ContainerPort, b: ContainerPort): boolean {
  if (a.hostPort !== b.hostPort || (a.protocol ?? 'TCP') !== (b.protocol ?? 'TCP')) return false
  const address = ({ hostIP = '' }: ContainerPort) => (hostIP === '' ? '0.0.0.0' : hostIP)
  return address(a) === address(b) || address(a) === '0.0.0.0' || address(b) === '0.0.0.0'
}
