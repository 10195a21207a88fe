import { podRequests } from '../framework/amounts.ts'
import type { SchedulerPlugin } from '../framework/framework.ts'
import type { NodeInfo } from '../framework/node-info.ts'

/** Prefers nodes whose cpu and memory would be used to the same degree. */
export const nodeResourcesBalancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  wakesOn: [],
  prepare(pod) {
    const requests = podRequests(pod)
    const cpu = requests.get('cpu') ?? 0
    const memory = requests.get('memory') ?? 0
    // Upstream skips pods without requests: they would not change the balance, and would all go to the best balanced node.
    if (cpu === 0 && memory === 0) return undefined
    const score = (node: NodeInfo): number => {
      const shares = [shareOf('cpu', cpu, node), shareOf('memory', memory, node)].filter(share => share !== undefined)
      const [a = 0, b = a] = shares
      return Math.trunc((1 - Math.abs((a - b) / 2)) * 100)
    }
    return { scores: nodes => nodes.map(score) }
  },
}

/** Undefined if the node has none of the resource. */
function shareOf(resource: string, asked: number, { allocatable, requested }: NodeInfo): number | undefined {
  const all = allocatable.get(resource) ?? 0
  return all === 0 ? undefined : Math.min(1, ((requested.get(resource) ?? 0) + asked) / all)
}
