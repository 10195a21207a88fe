// Conditions that the API server itself writes into the status of a pod.
import type { Pod, PodCondition } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'

/** The conditions with this one in its old place, or last; its time changes with its status. `now` in milliseconds since the epoch. */
export function withPodCondition(
  { status }: Pod,
  condition: Omit<PodCondition, 'lastTransitionTime' | 'lastProbeTime'>,
  now: number,
): PodCondition[] {
  const conditions = status?.conditions ?? []
  const before = conditions.find(({ type }) => type === condition.type)
  const changed = before?.status !== condition.status
  const next: PodCondition = {
    lastProbeTime: null,
    ...condition,
    lastTransitionTime: changed ? formatTime(now) : (before?.lastTransitionTime ?? formatTime(now)),
  }
  return before === undefined ? [...conditions, next] : conditions.map(each => (each === before ? next : each))
}
