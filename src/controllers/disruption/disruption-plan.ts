// How many pods of a PodDisruptionBudget may be disrupted. Pure; times in ms.
import type { Pod } from '../../api/types/core-v1.ts'
import type { Condition } from '../../api/types/meta-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types/policy-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { isReady } from '../pod-state.ts'
import { resolveCount } from '../replicas/deployment-plan.ts'

/** How long an allowed eviction counts, even if the pod's deletion is not seen. */
export const deletionTimeoutMs = 120_000

export interface ExpectedPods {
  readonly expected: number
  readonly desiredHealthy: number
}

/** Whether the scale of the pods' controllers is needed. */
export function needsScales({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable != null || typeof spec.minAvailable === 'string'
}

/** `scale` is the sum of the replicas of the pods' controllers. */
export function expectedPods({ spec }: PodDisruptionBudget, pods: readonly Pod[], scale: number): ExpectedPods {
  if (spec.maxUnavailable != null) {
    const unavailable = resolveCount(spec.maxUnavailable, scale, 'up', 0)
    return { expected: scale, desiredHealthy: Math.max(0, scale - unavailable) }
  }
  if (typeof spec.minAvailable === 'string') return { expected: scale, desiredHealthy: resolveCount(spec.minAvailable, scale, 'up', 0) }
  // A budget without numbers expects no pods, and therefore allows no disruption.
  if (spec.minAvailable == null) return { expected: 0, desiredHealthy: 0 }
  return { expected: pods.length, desiredHealthy: spec.minAvailable }
}

export interface Disrupted {
  readonly disruptedPods: Readonly<Record<string, string>>
  /** Evicted long ago, but still there. */
  readonly notDeleted: readonly Pod[]
  /** Until the next of them expires. */
  readonly waitMs: number | undefined
}

export function disruptedPods({ status }: PodDisruptionBudget, pods: readonly Pod[], now: number): Disrupted {
  const kept: Record<string, string> = {}
  const notDeleted: Pod[] = []
  const waits: number[] = []
  for (const pod of pods) {
    const name = pod.metadata.name ?? ''
    const since = status?.disruptedPods?.[name]
    if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue
    // A later time than now, of another machine's clock or of whoever wrote the status, would hold up evictions for as long.
    const at = Math.min(Date.parse(since) || 0, now)
    const left = at + deletionTimeoutMs - now
    if (left <= 0) notDeleted.push(pod)
    else {
      kept[name] = at === now ? formatTime(now) : since
      waits.push(left)
    }
  }
  return { disruptedPods: kept, notDeleted, waitMs: waits.length === 0 ? undefined : Math.min(...waits) }
}

export function planBudget(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  { expected, desiredHealthy }: ExpectedPods,
  disrupted: Readonly<Record<string, string>>,
  now: number,
): PodDisruptionBudgetStatus {
  const healthy = pods.filter(
    pod => isReady(pod) && pod.metadata.deletionTimestamp === undefined && disrupted[pod.metadata.name ?? ''] === undefined,
  )
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy.length - desiredHealthy)
  const condition = allowed > 0 ? { status: 'True', reason: 'SufficientPods' } : { status: 'False', reason: 'InsufficientPods' }
  return {
    currentHealthy: healthy.length,
    desiredHealthy,
    expectedPods: expected,
    disruptionsAllowed: allowed,
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
    observedGeneration: budget.metadata.generation ?? 0,
    conditions: withAllowed(budget, { ...condition, message: '', observedGeneration: budget.metadata.generation ?? 0 }, now),
  }
}

/**
 * If pods cannot be counted, no disruption is allowed. The observed generation stays, so that evictions see that the budget is not up to
 * date.
 */
export function failSafe(budget: PodDisruptionBudget, message: string, now: number): PodDisruptionBudgetStatus {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods: expected = 0, ...status } = budget.status ?? {}
  const observed = budget.status?.observedGeneration
  const failed = { status: 'False', reason: 'SyncFailed', message, ...(observed === undefined ? {} : { observedGeneration: observed }) }
  const conditions = withAllowed(budget, failed, now)
  return { ...status, currentHealthy, desiredHealthy, expectedPods: expected, disruptionsAllowed: 0, conditions }
}

function withAllowed(
  { status }: PodDisruptionBudget,
  given: Pick<Condition, 'status' | 'reason' | 'message' | 'observedGeneration'>,
  now: number,
): Condition[] {
  const type = 'DisruptionAllowed'
  const before = status?.conditions?.find(condition => condition.type === type)
  const lastTransitionTime = before?.status === given.status ? before.lastTransitionTime : formatTime(now)
  const others = (status?.conditions ?? []).filter(condition => condition !== before)
  return [...others, { type, ...given, lastTransitionTime }]
}
