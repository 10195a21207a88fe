// Limits how fast an autoscaler follows its metrics: stabilization windows, policies, and the bounds of its spec. Pure; times in ms.
import type { HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, HPAScalingRules } from '../../api/types/autoscaling-v2.ts'

interface Recommendation {
  readonly replicas: number
  readonly at: number
}

interface Rescale {
  /** Number of replicas, in either direction. */
  readonly change: number
  readonly at: number
}

/** Earlier actions and recommendations of an autoscaler. It is lost with the process, as upstream. */
export interface AutoscalerMemory {
  readonly recommendations: readonly Recommendation[]
  readonly scaledUp: readonly Rescale[]
  readonly scaledDown: readonly Rescale[]
}

/** Limit for each kind of entry: far more than syncs fit into the longest window, an hour. */
export const maxRemembered = 1000

export interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export interface Limited {
  readonly replicas: number
  readonly memory: AutoscalerMemory
  readonly ableToScale: Verdict
  readonly scalingLimited: Verdict
}

export interface LimitOptions {
  readonly now: number
  /** For scaling down, if the autoscaler sets none. */
  readonly downscaleStabilizationMs: number
}

type Bounds = Pick<HorizontalPodAutoscalerSpec, 'minReplicas' | 'maxReplicas' | 'behavior'>

const scaleUpFactor = 2
const scaleUpMinimum = 4

export const lowestReplicas = ({ minReplicas }: Pick<HorizontalPodAutoscalerSpec, 'minReplicas'>): number => minReplicas ?? 1

/** The first recommendation for an autoscaler that is new to this process is its current size. */
export function firstMemory(current: number, now: number): AutoscalerMemory {
  return { recommendations: [{ replicas: current, at: now }], scaledUp: [], scaledDown: [] }
}

/** `wanted` is the recommendation of the metrics. */
export function limitReplicas(spec: Bounds, memory: AutoscalerMemory, current: number, wanted: number, options: LimitOptions): Limited {
  const { behavior } = spec
  const stable = behavior === undefined ? stabilizeDown(memory, wanted, options) : stabilize(behavior, memory, current, wanted, options)
  const { replicas, reason, message } =
    behavior === undefined
      ? withinBounds(spec, current, stable.replicas)
      : withinPolicies(spec, behavior, memory, current, stable.replicas, options.now)
  const ready = stable.replicas === wanted
  return {
    replicas,
    memory: { ...memory, recommendations: stable.recommendations },
    ableToScale: ready
      ? { status: 'True', reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
      : { status: 'True', ...stable.held },
    scalingLimited: { status: replicas === stable.replicas ? 'False' : 'True', reason, message },
  }
}

/** Records a scaling of the target; nothing is recorded if no policy needs it. */
export function rememberRescale(
  behavior: HorizontalPodAutoscalerBehavior | undefined,
  memory: AutoscalerMemory,
  current: number,
  replicas: number,
  now: number,
): AutoscalerMemory {
  if (behavior === undefined) return memory
  const up = replicas > current
  const rules = up ? behavior.scaleUp : behavior.scaleDown
  const maxMs = Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds * 1000))
  const entry = { change: Math.abs(replicas - current), at: now }
  const kept = remember(up ? memory.scaledUp : memory.scaledDown, entry, now - maxMs)
  return up ? { ...memory, scaledUp: kept } : { ...memory, scaledDown: kept }
}

function remember<T extends { readonly at: number }>(entries: readonly T[], entry: T, since: number): readonly T[] {
  return [...entries.filter(({ at }) => at >= since), entry].slice(-maxRemembered)
}

interface Stable {
  readonly replicas: number
  readonly recommendations: readonly Recommendation[]
  /** Why the result differs from the recommendation, if it does. */
  readonly held: { readonly reason: string; readonly message: string }
}

const heldUp = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}
const heldDown = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
}

/** Without a behavior: the highest recent recommendation. */
function stabilizeDown({ recommendations }: AutoscalerMemory, wanted: number, { now, downscaleStabilizationMs }: LimitOptions): Stable {
  const since = now - downscaleStabilizationMs
  const recent = recommendations.filter(({ at }) => at >= since).map(({ replicas }) => replicas)
  return {
    replicas: Math.max(wanted, ...recent),
    recommendations: remember(recommendations, { replicas: wanted, at: now }, since),
    held: heldDown,
  }
}

function stabilize(
  { scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior,
  { recommendations }: AutoscalerMemory,
  current: number,
  wanted: number,
  { now, downscaleStabilizationMs }: LimitOptions,
): Stable {
  const upSince = now - (scaleUp?.stabilizationWindowSeconds ?? 0) * 1000
  const downSeconds = scaleDown?.stabilizationWindowSeconds
  const downSince = now - (downSeconds === undefined ? downscaleStabilizationMs : downSeconds * 1000)
  const after = (since: number): number[] => recommendations.filter(({ at }) => at > since).map(({ replicas }) => replicas)
  const atLeast = Math.min(wanted, ...after(upSince))
  const atMost = Math.max(wanted, ...after(downSince))
  return {
    replicas: Math.min(Math.max(current, atLeast), atMost),
    recommendations: remember(recommendations, { replicas: wanted, at: now }, Math.min(upSince, downSince)),
    held: wanted >= current ? heldUp : heldDown,
  }
}

interface Allowed {
  readonly replicas: number
  readonly reason: string
  readonly message: string
}

const tooFew = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' }
const tooMany = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' }
const tooFastUp = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' }
const tooFastDown = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' }
const inRange = (replicas: number): Allowed => ({
  replicas,
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
})

function withinBounds(spec: Bounds, current: number, wanted: number): Allowed {
  const lowest = lowestReplicas(spec)
  const fastest = Math.max(scaleUpFactor * current, scaleUpMinimum)
  if (wanted < lowest) return { replicas: lowest, ...tooFew }
  if (wanted > Math.min(fastest, spec.maxReplicas)) {
    return spec.maxReplicas > fastest ? { replicas: fastest, ...tooFastUp } : { replicas: spec.maxReplicas, ...tooMany }
  }
  return inRange(wanted)
}

function withinPolicies(
  spec: Bounds,
  { scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior,
  memory: AutoscalerMemory,
  current: number,
  wanted: number,
  now: number,
): Allowed {
  if (wanted > current) {
    const fastest = Math.max(current, limitByPolicies(scaleUp, memory, current, now, 1))
    if (wanted > Math.min(fastest, spec.maxReplicas)) {
      return spec.maxReplicas > fastest ? { replicas: fastest, ...tooFastUp } : { replicas: spec.maxReplicas, ...tooMany }
    }
  }
  if (wanted < current) {
    const fastest = Math.min(current, limitByPolicies(scaleDown, memory, current, now, -1))
    const lowest = lowestReplicas(spec)
    if (wanted < Math.max(fastest, lowest)) {
      return lowest < fastest ? { replicas: fastest, ...tooFastDown } : { replicas: lowest, ...tooFew }
    }
  }
  return inRange(wanted)
}

/** The limit of the rules; `direction` is 1 for up, -1 for down. */
function limitByPolicies(
  rules: HPAScalingRules | undefined,
  { scaledUp, scaledDown }: AutoscalerMemory,
  current: number,
  now: number,
  direction: 1 | -1,
): number {
  if (rules?.selectPolicy === 'Disabled') return current
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const since = now - periodSeconds * 1000
    const changed = (entries: readonly Rescale[]): number => entries.reduce((sum, { at, change }) => (at > since ? sum + change : sum), 0)
    const before = current - changed(scaledUp) + changed(scaledDown)
    if (type === 'Pods') return before + direction * value
    const share = before * (1 + (direction * value) / 100)
    // A share of less than one pod must still let the target grow by one.
    return direction === 1 ? Math.ceil(share) : Math.trunc(share)
  })
  // Rules without policies have no effect.
  if (limits.length === 0) return direction === 1 ? Number.POSITIVE_INFINITY : 0
  const farthest = (rules?.selectPolicy === 'Min') === (direction === -1)
  return farthest ? Math.max(...limits) : Math.min(...limits)
}
