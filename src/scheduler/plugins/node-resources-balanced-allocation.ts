import { podRequestsForScore } from '../amounts.ts'
import type { SchedulerPlugin } from '../framework.ts'

/** Prefers nodes whose cpu and memory would be used to the same degree. */
export const nodeResourcesBalancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  wakesOn: [],
  prepare(pod) {
    // Upstream skips pods that ask for nothing: they would not change the balance.
    if (![...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some(({ resources }) => resources?.requests !== undefined))
      return undefined
    const requests = podRequestsForScore(pod)
    return {
      score(node) {
        const shares = ['cpu', 'memory'].flatMap(resource => {
          const allocatable = node.allocatable.get(resource) ?? 0
          if (allocatable === 0) return []
          return [Math.min(1, ((node.scoreRequested.get(resource) ?? 0) + (requests.get(resource) ?? 0)) / allocatable)]
        })
        const [a = 0, b = a] = shares
        return Math.floor((1 - Math.abs(a - b) / 2) * 100)
      },
    }
  },
}
