import { type Amounts, podRequests, podRequestsForScore } from '../framework/amounts.ts'
import { fits, type SchedulerPlugin } from '../framework/framework.ts'
import type { NodeInfo } from '../framework/node-info.ts'

/** The node must have the requested resources; the least used one is preferred (LeastAllocated). */
export const nodeResourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  wakesOn: ['node-changed', 'pod-removed'],
  prepare(pod) {
    const requests = [...podRequests(pod)].filter(([, amount]) => amount > 0)
    const forScore = podRequestsForScore(pod)
    return {
      filter(node) {
        const reasons: string[] = []
        let unresolvable = false
        if (node.podCount + 1 > (node.allocatable.get('pods') ?? 0)) reasons.push('Too many pods')
        for (const [resource, amount] of requests) {
          const allocatable = node.allocatable.get(resource) ?? 0
          if (amount <= allocatable - (node.requested.get(resource) ?? 0)) continue
          reasons.push(`Insufficient ${resource}`)
          if (amount > allocatable) unresolvable = true
        }
        return reasons.length === 0 ? fits : { fits: false, reasons, unresolvable }
      },
      scores: nodes => nodes.map(node => freeShare(node, forScore)),
    }
  },
}

/** Free share of the node in percent, with the pod on it. */
function freeShare({ allocatable, scoreRequested }: NodeInfo, asked: Amounts): number {
  let sum = 0
  let counted = 0
  for (const resource of ['cpu', 'memory']) {
    const all = allocatable.get(resource) ?? 0
    if (all === 0) continue
    const used = (scoreRequested.get(resource) ?? 0) + (asked.get(resource) ?? 0)
    sum += used > all ? 0 : Math.floor(((all - used) * 100) / all)
    counted++
  }
  return counted === 0 ? 0 : Math.floor(sum / counted)
}
