// The consequences of a node's silence and conditions: the status Unknown, and taints. Pure; times in ms since the epoch.
import type { Node, NodeCondition, Taint } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'

/** Conditions that only the node's agent can know, in upstream's order. */
const agentConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

const notReady = 'node.kubernetes.io/not-ready'
const unreachable = 'node.kubernetes.io/unreachable'

export function nodeCondition({ status }: Node, type: string): NodeCondition | undefined {
  return status?.conditions?.find(condition => condition.type === type)
}

/** The conditions after a silent grace period; undefined if they are already set. */
export function unknownConditions(node: Node, now: number): NodeCondition[] | undefined {
  const time = formatTime(now)
  const others = (node.status?.conditions ?? []).filter(({ type }) => !agentConditions.some(known => known === type))
  let changed = false
  const unknown = agentConditions.map(type => {
    const before = nodeCondition(node, type)
    if (before?.status === 'Unknown') return before
    changed = true
    const never = before === undefined
    return {
      type,
      status: 'Unknown' as const,
      reason: never ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
      message: never ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
      lastHeartbeatTime: before?.lastHeartbeatTime ?? node.metadata.creationTimestamp ?? time,
      lastTransitionTime: time,
    }
  })
  return changed ? [...others, ...unknown] : undefined
}

const schedulingTaints: readonly { readonly condition: string; readonly status: string; readonly key: string }[] = [
  { condition: 'Ready', status: 'False', key: notReady },
  { condition: 'Ready', status: 'Unknown', key: unreachable },
  { condition: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { condition: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { condition: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
  { condition: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
  // Programs that the node runs changed under it: what they start next is not what was known.
  { condition: 'bulkhead.dev/RuntimeDrift', status: 'True', key: 'bulkhead.dev/runtime-drift' },
]
const unschedulable = 'node.kubernetes.io/unschedulable'

const evicting = (taint: Taint): boolean => taint.effect === 'NoExecute' && (taint.key === notReady || taint.key === unreachable)

/** Whether its taints already evict pods because it is not ready. */
export function isEvicting({ spec }: Node): boolean {
  return spec?.taints?.some(evicting) === true
}

/** The taints that the node should have; undefined if it has them. Other taints stay. `evicts`: whether pods are evicted while it is not ready. */
export function planTaints(node: Node, now: number, evicts: boolean): Taint[] | undefined {
  const current = node.spec?.taints ?? []
  const wanted: Pick<Taint, 'key' | 'effect'>[] = []
  for (const { condition, status, key } of schedulingTaints) {
    const found = nodeCondition(node, condition)
    // A node that never reported its readiness is not ready.
    const actual = condition === 'Ready' && found === undefined ? 'False' : found?.status
    if (actual !== status) continue
    wanted.push({ key, effect: 'NoSchedule' })
    if (evicts && condition === 'Ready' && found !== undefined) wanted.push({ key, effect: 'NoExecute' })
  }
  if (node.spec?.unschedulable === true) wanted.push({ key: unschedulable, effect: 'NoSchedule' })
  const ours = ({ key, effect }: Taint) =>
    (effect === 'NoSchedule' && (key === unschedulable || schedulingTaints.some(known => known.key === key))) || evicting({ key, effect })
  const same = (a: Pick<Taint, 'key' | 'effect'>, b: Pick<Taint, 'key' | 'effect'>) => a.key === b.key && a.effect === b.effect
  const kept = current.filter(taint => !ours(taint) || wanted.some(each => same(each, taint)))
  const added = wanted.filter(each => !current.some(taint => same(each, taint))).map(taint => ({ ...taint, timeAdded: formatTime(now) }))
  return added.length === 0 && kept.length === current.length ? undefined : [...kept, ...added]
}
