// Decides what an autoscaler does: the replicas of its target, its conditions, its events. Pure; times in ms.
import type { Scale } from '../../api/types/autoscaling-v1.ts'
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from '../../api/types/autoscaling-v2.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { type AutoscalerMemory, limitReplicas, lowestReplicas, type Verdict } from './autoscaler-limits.ts'
import type { Reading } from './autoscaler-metrics.ts'
import type { PodTiming } from './autoscaler-pods.ts'
import { propose } from './autoscaler-proposal.ts'

export interface AutoscalerEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited'
export type Conditions = ReadonlyMap<ConditionType, Verdict>

/** What the spec decides from the current replicas, before any metric is read. */
export type Aim =
  | { readonly by: 'metrics' }
  | { readonly by: 'bounds'; readonly replicas: number; readonly reason: string }
  /** The owner scaled the target to zero. */
  | { readonly by: 'nobody' }

export function aimOf(spec: HorizontalPodAutoscalerSpec, current: number): Aim {
  const lowest = lowestReplicas(spec)
  if (current === 0 && lowest !== 0) return { by: 'nobody' }
  if (current > spec.maxReplicas) {
    return { by: 'bounds', replicas: spec.maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' }
  }
  if (current < lowest) return { by: 'bounds', replicas: lowest, reason: 'Current number of replicas below Spec.MinReplicas' }
  return { by: 'metrics' }
}

export interface Observed {
  readonly scale: Scale
  /** The pods that the scale's selector selects. */
  readonly pods: readonly Pod[]
  /** In the order of the metrics in the spec. */
  readonly readings: readonly Reading[]
}

export interface AutoscalerTuning {
  readonly tolerance: number
  readonly downscaleStabilizationMs: number
  readonly timing: PodTiming
}

export interface Plan {
  /** The new size of the target; undefined if it cannot be decided. */
  readonly replicas: number | undefined
  /** Why it differs from the current size. */
  readonly reason: string
  readonly conditions: Conditions
  readonly events: readonly AutoscalerEvent[]
  readonly metrics: readonly MetricStatus[] | null
  readonly memory: AutoscalerMemory
}

/** For an autoscaler whose metrics decide. */
export function planByMetrics(
  spec: HorizontalPodAutoscalerSpec,
  { scale, pods, readings }: Observed,
  memory: AutoscalerMemory,
  { tolerance, downscaleStabilizationMs, timing }: AutoscalerTuning,
): Plan {
  const current = scale.spec.replicas ?? 0
  const situation = { current, observed: scale.status?.replicas ?? 0, pods, tolerance, timing }
  const conditions = new Map<ConditionType, Verdict>()
  const events: AutoscalerEvent[] = []
  const metrics: MetricStatus[] = []
  const invalid: { readonly reason: string; readonly why: string; readonly error: string }[] = []
  let best: { readonly replicas: number; readonly metric: string } | undefined
  const specs = spec.metrics ?? []
  for (const [index, metric] of specs.entries()) {
    const proposal = propose(metric, readings[index] ?? { of: 'nothing', why: 'the metric was not read' }, situation)
    if (proposal.valid) {
      metrics.push(proposal.status)
      if (best === undefined || best.replicas === 0 || proposal.replicas > best.replicas) best = proposal
    } else {
      // Upstream leaves an empty status in place of a metric without a value.
      metrics.push({ type: '' })
      invalid.push(proposal)
      events.push({ type: 'Warning', reason: proposal.reason, message: proposal.why })
    }
  }
  const [first] = invalid
  // Never scales down on incomplete data.
  if (best === undefined || (first !== undefined && best.replicas < current)) {
    const { reason, why, error } = first ?? { reason: 'InvalidMetricSourceType', why: 'no metric is set', error: 'no metric is set' }
    conditions.set('ScalingActive', { status: 'False', reason, message: `the HPA was unable to compute the replica count: ${why}` })
    const message = `invalid metrics (${invalid.length} invalid out of ${specs.length}), first error is: ${error}`
    events.push({ type: 'Warning', reason: 'FailedComputeMetricsReplicas', message })
    return { replicas: undefined, reason: '', conditions, events, metrics, memory }
  }
  const found = `the HPA was able to successfully calculate a replica count from ${best.metric}`
  conditions.set('ScalingActive', { status: 'True', reason: 'ValidMetricFound', message: found })
  const limits = { now: timing.now, downscaleStabilizationMs }
  const limited = limitReplicas(spec, memory, current, best.replicas, limits)
  conditions.set('AbleToScale', limited.ableToScale)
  conditions.set('ScalingLimited', limited.scalingLimited)
  const reason = best.replicas > current ? `${best.metric} above target` : best.replicas < current ? 'All metrics below target' : ''
  return { replicas: limited.replicas, reason, conditions, events, metrics, memory: limited.memory }
}

/** For a spec or target that leaves nothing for the metrics to decide. */
export function planWithoutMetrics(aim: Exclude<Aim, { by: 'metrics' }>, memory: AutoscalerMemory): Plan {
  const none = { events: [], metrics: null, memory }
  if (aim.by === 'bounds') return { ...none, replicas: aim.replicas, reason: aim.reason, conditions: new Map() }
  const message = 'scaling is disabled since the replica count of the target is zero'
  const conditions = new Map([['ScalingActive', { status: 'False', reason: 'ScalingDisabled', message }]] as const)
  return { ...none, replicas: 0, reason: '', conditions }
}

/** For a target whose selector selects nothing that could be measured. */
export function planForSelector(verdict: Verdict, event: AutoscalerEvent, memory: AutoscalerMemory): Plan {
  const failed = { type: 'Warning', reason: 'FailedComputeMetricsReplicas', message: event.message } as const
  const conditions = new Map([['ScalingActive', verdict]] as const)
  return { replicas: undefined, reason: '', conditions, events: [event, failed], metrics: null, memory }
}

/** The status with these conditions; a transition time changes only with the status of its condition. */
function withConditions(
  status: HorizontalPodAutoscalerStatus | undefined,
  changes: Conditions,
  now: number,
): HorizontalPodAutoscalerCondition[] {
  const conditions = [...(status?.conditions ?? [])]
  for (const [type, verdict] of changes) {
    const index = conditions.findIndex(condition => condition.type === type)
    const before = conditions[index]
    const kept = before?.status === verdict.status ? before.lastTransitionTime : undefined
    const next = { type, ...verdict, lastTransitionTime: kept ?? formatTime(now) }
    if (index === -1) conditions.push(next)
    else conditions[index] = next
  }
  return conditions
}

export interface Outcome {
  readonly conditions: Conditions
  readonly now: number
  /** Absent if the target could not be read. */
  readonly current?: number
  readonly metrics?: readonly MetricStatus[] | null
  /** Absent if it could not be decided or applied. */
  readonly desired?: number
  readonly rescaled?: boolean
}

export function statusAfter({ metadata, status }: HorizontalPodAutoscaler, outcome: Outcome): HorizontalPodAutoscalerStatus {
  const { conditions, now, current, metrics, desired, rescaled } = outcome
  const before = status ?? { desiredReplicas: 0, currentMetrics: null }
  return {
    ...before,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(rescaled === true ? { lastScaleTime: formatTime(now) } : {}),
    ...(current === undefined ? {} : { currentReplicas: current }),
    ...(metrics === undefined ? {} : { currentMetrics: metrics === null ? null : [...metrics] }),
    desiredReplicas: desired ?? before.desiredReplicas,
    conditions: withConditions(status, conditions, now),
  }
}
