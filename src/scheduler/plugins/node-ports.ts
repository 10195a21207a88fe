import { hostPorts, hostPortsCollide } from '../../api/pods/host-ports.ts'
import { fits, misfit, type SchedulerPlugin } from '../framework/framework.ts'

/** Two pods cannot use the same host port of a node. */
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
          if (hostPorts(other).some(used => wanted.some(port => hostPortsCollide(port, used)))) {
            return misfit("node(s) didn't have free ports for the requested pod ports")
          }
        }
        return fits
      },
    }
  },
}
