import { isTolerated } from '../../api/pods/tolerations.ts'
import { fits, neverFits, type SchedulerPlugin } from '../framework/framework.ts'

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** Refuses nodes that were cordoned, unless the pod tolerates the taint of cordoned nodes. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  weight: 0,
  wakesOn: ['node-changed'],
  prepare({ spec }) {
    if (isTolerated(taint, spec.tolerations ?? [])) return undefined
    return { filter: ({ node }) => (node.spec?.unschedulable === true ? neverFits('node(s) were unschedulable') : fits) }
  },
}
