import type { ContainerPort, Pod } from '../../api/types/core-v1.ts'
import { fits, misfit, type SchedulerPlugin } from '../framework.ts'

/** Two pods cannot have one host port of a node. */
export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  weight: 0,
  wakesOn: ['node-changed', 'pod-removed'],
  prepare(pod) {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return undefined
    return {
      filter(node) {
        for (const other of node.pods()) {
          if (hostPorts(other).some(used => wanted.some(port => collide(port, used)))) {
            return misfit("node(s) didn't have free ports for the requested pod ports")
          }
        }
        return fits
      },
    }
  },
}

function hostPorts({ spec }: Pod): ContainerPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) => ports.filter(({ hostPort = 0 }) => hostPort > 0))
}

function collide(a: ContainerPort, b: ContainerPort): boolean {
  if (a.hostPort !== b.hostPort || (a.protocol ?? 'TCP') !== (b.protocol ?? 'TCP')) return false
  const address = ({ hostIP = '' }: ContainerPort) => (hostIP === '' ? '0.0.0.0' : hostIP)
  return address(a) === address(b) || address(a) === '0.0.0.0' || address(b) === '0.0.0.0'
}
