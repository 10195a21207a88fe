import { podRequests } from '../amounts.ts'
import type { SchedulerPlugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'

/** Prefers nodes whose cpu and memory would be used to the same degree. */
export const nodeResourcesBalancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  wakesOn: [],
  prepare(pod) {
    const requests = podRequests(pod)
    const cpu = requests.get('cpu') ?? 0
    const memory = requests.get('memory') ?? 0
    // Upstream skips pods that ask for nothing: they would not change the balance, and all go to the node that has the best.
    if (cpu === 0 && memory === 0) return undefined
    const score = (node: NodeInfo): number => {
      const shares = [shareOf('cpu', cpu, node), shareOf('memory', memory, node)].filter(share => share !== undefined)
      const [a = 0, b = a] = shares
      return Math.trunc((1 - Math.abs((a - b) / 2)) * 100)
    }
    return { scores: nodes => nodes.map(score) }
  },
}

/** Undefined where the node has none to share. */
function shareOf(resource: string, asked: number, { allocatable, requested }: NodeInfo): number | undefined {
  const all = allocatable.get(resource) ?? 0
  return all === 0 ? undefined : Math.min(1, ((requested.get(resource) ?? 0) + asked) / all)
}
