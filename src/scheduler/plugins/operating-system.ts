import { systemOfNode, systemOfPod } from '../../api/pods/operating-system.ts'
import { fits, neverFits, type SchedulerPlugin } from '../framework/framework.ts'

/** A pod that names its operating system goes to nodes that run it. Upstream leaves this to the kubelet, which fails the pod for good. */
export const operatingSystem: SchedulerPlugin = {
  name: 'OperatingSystem',
  weight: 0,
  wakesOn: ['node-changed'],
  prepare({ spec }) {
    const wanted = systemOfPod(spec)
    if (wanted === undefined) return undefined
    return {
      filter: ({ node }) => (systemOfNode(node) === wanted.name ? fits : neverFits("node(s) didn't run the operating system of the pod")),
    }
  },
}
