// How long a pod may stay on a node with NoExecute taints. Pure; times in ms.
import { tolerates } from '../../api/pods/tolerations.ts'
import type { Pod, Taint } from '../../api/types/core-v1.ts'

/** Milliseconds until the pod must be evicted (0: now); undefined if it may stay. `age` returns how long a taint has existed. */
export function planEviction(
  { metadata, spec, status }: Pod,
  taints: readonly Taint[],
  now: number,
  age: (taint: Taint) => number,
): number | undefined {
  const pressing = taints.filter(({ effect }) => effect === 'NoExecute')
  if (pressing.length === 0) return undefined
  const placed = status?.conditions?.find(({ type }) => type === 'PodScheduled')?.lastTransitionTime ?? metadata.creationTimestamp
  // A taint may be older than the pod: the pod's toleration time is spent on the node.
  const stay = now - Date.parse(placed ?? '')
  // In the future if the clock was set back.
  const stayed = stay >= 0 ? stay : Number.POSITIVE_INFINITY
  const waits: number[] = []
  for (const taint of pressing) {
    const tolerations = (spec.tolerations ?? []).filter(toleration => tolerates(toleration, taint))
    if (tolerations.length === 0) return 0
    const limited = tolerations.flatMap(({ tolerationSeconds }) =>
      tolerationSeconds === undefined ? [] : [Math.max(0, tolerationSeconds)],
    )
    if (limited.length === 0) continue
    waits.push(Math.max(0, Math.min(...limited) * 1000 - Math.min(age(taint), stayed)))
  }
  return waits.length === 0 ? undefined : Math.min(...waits)
}
