// Ports of the node that a pod occupies.
import type { ContainerPort, Pod } from '../types/core-v1.ts'

/** Ports of containers that keep running: init containers have ended before others run, except sidecars. */
export function hostPorts({ spec }: Pod): ContainerPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) => ports.filter(({ hostPort = 0 }) => hostPort > 0))
}

/** Whether two pods cannot have both ports on one node. */
export function hostPortsCollide(a: ContainerPort, b: ContainerPort): boolean {
  if (a.hostPort !== b.hostPort || (a.protocol ?? 'TCP') !== (b.protocol ?? 'TCP')) return false
  const address = ({ hostIP = '' }: ContainerPort) => (hostIP === '' ? '0.0.0.0' : hostIP)
  return address(a) === address(b) || address(a) === '0.0.0.0' || address(b) === '0.0.0.0'
}
