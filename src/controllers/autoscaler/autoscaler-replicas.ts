// Computes replicas from a measurement (upstream's replica calculator). Pure; amounts in thousandths of a unit.
import type { Pod } from '../../api/types/core-v1.ts'
import { isReady } from '../pod-state.ts'
import { groupPods, type PodMetric, type PodMetrics, type PodTiming, requestsOf } from './autoscaler-pods.ts'

export interface Situation {
  /** The replicas in the target's scale. */
  readonly current: number
  readonly observed: number
  /** The pods that the scale's selector selects. */
  readonly pods: readonly Pod[]
  /** How far usage may be from the target, as a share of it, without a change of replicas. */
  readonly tolerance: number
  readonly timing: PodTiming
}

export type Counted =
  | {
      readonly counted: true
      readonly replicas: number
      /** Mean of the measured pods, or the total, depending on the target. */
      readonly usage: bigint
      /** Percent of the requests, if the target is a utilization. */
      readonly utilization?: number
    }
  | { readonly counted: false; readonly why: string }

type Usage =
  | { readonly known: true; readonly ratio: number; readonly average: bigint; readonly utilization?: number }
  | { readonly known: false; readonly why: string }

const failed = (why: string): { readonly counted: false; readonly why: string } => ({ counted: false, why })
const largest = 2 ** 31 - 1

/** Whole replicas, rounded up, limited to what a scale can hold. */
function wholeReplicas(count: number): number {
  return Number.isNaN(count) ? 0 : Math.min(Math.max(Math.ceil(count), 0), largest)
}

function isWithin(ratio: number, tolerance: number): boolean {
  return 1 - tolerance <= ratio && ratio <= 1 + tolerance
}

/** For a target in percent of the requests. */
export function replicasByUtilization(
  metrics: PodMetrics,
  target: number,
  { resource, container }: { readonly resource: string; readonly container: string },
  situation: Situation,
): Counted {
  const noRequests = new Map<string, bigint>()
  let requests: ReadonlyMap<string, bigint> = noRequests
  return replicasByPods(metrics, resource, situation, {
    prepare() {
      const found = requestsOf(situation.pods, container, resource)
      if (!found.known) return found.why
      requests = found.milli
      return undefined
    },
    measure: measured => utilizationOf(measured, requests, target),
    // Its whole request, or the target if that is larger.
    assumed: name => ((requests.get(name) ?? 0n) * BigInt(Math.max(100, target))) / 100n,
  })
}

/** For a target per pod. */
export function replicasByAverage(metrics: PodMetrics, target: bigint, resource: string, situation: Situation): Counted {
  return replicasByPods(metrics, resource, situation, {
    measure(measured) {
      let total = 0n
      for (const { milli } of measured.values()) total += milli
      const average = total / BigInt(measured.size)
      return { known: true, ratio: Number(average) / Number(target), average }
    },
    assumed: () => target,
  })
}

function utilizationOf(metrics: PodMetrics, requests: ReadonlyMap<string, bigint>, target: number): Usage {
  let used = 0n
  let requested = 0n
  let count = 0n
  for (const [name, { milli }] of metrics) {
    const request = requests.get(name)
    // Measured, but not a pod of the target.
    if (request === undefined) continue
    used += milli
    requested += request
    count++
  }
  if (requested === 0n) return { known: false, why: 'no metrics returned matched known pods' }
  const utilization = Number((used * 100n) / requested)
  return { known: true, ratio: utilization / target, average: used / count, utilization }
}

interface ByPods {
  /** Why nothing can be measured; undefined if it can. */
  prepare?(): string | undefined
  measure(metrics: PodMetrics): Usage
  /** The assumed usage of a pod without a measurement before scaling down. */
  assumed(name: string): bigint
}

function replicasByPods(all: PodMetrics, resource: string, situation: Situation, { prepare, measure, assumed }: ByPods): Counted {
  const { pods, current, tolerance, timing } = situation
  if (pods.length === 0) return failed('no pods returned by selector while calculating replica count')
  const groups = groupPods(pods, all, resource, timing)
  const metrics = new Map<string, PodMetric>(all)
  for (const name of [...groups.ignored, ...groups.unready]) metrics.delete(name)
  if (metrics.size === 0) return failed('did not receive metrics for targeted pods (pods might be unready)')
  const unprepared = prepare?.()
  if (unprepared !== undefined) return failed(unprepared)
  const usage = measure(metrics)
  if (!usage.known) return failed(usage.why)
  const { ratio } = usage
  const answer = (replicas: number): Counted => ({
    ...{ counted: true, replicas, usage: usage.average },
    ...(usage.utilization === undefined ? {} : { utilization: usage.utilization }),
  })
  const growsWithUnready = groups.unready.size > 0 && ratio > 1
  if (!growsWithUnready && groups.missing.size === 0) {
    return answer(isWithin(ratio, tolerance) ? current : wholeReplicas(ratio * groups.ready))
  }
  // Missing values count against the change: as the target when scaling down, as zero when scaling up.
  const unmeasured = (milli: bigint): PodMetric => ({ milli, at: timing.now, windowMs: 0 })
  if (ratio !== 1) for (const name of groups.missing) metrics.set(name, unmeasured(ratio < 1 ? assumed(name) : 0n))
  if (growsWithUnready) for (const name of groups.unready) metrics.set(name, unmeasured(0n))
  const again = measure(metrics)
  if (!again.known) return failed(again.why)
  const turned = (ratio < 1 && again.ratio > 1) || (ratio > 1 && again.ratio < 1)
  if (turned || isWithin(again.ratio, tolerance)) return answer(current)
  const replicas = wholeReplicas(again.ratio * metrics.size)
  const backwards = (again.ratio < 1 && replicas > current) || (again.ratio > 1 && replicas < current)
  return answer(backwards ? current : replicas)
}

/** For a target of the total, whatever the number of pods. */
export function replicasByTotal(total: bigint, target: bigint, { current, pods, tolerance }: Situation): Counted {
  const ratio = Number(total) / Number(target)
  if (current === 0) return { counted: true, replicas: wholeReplicas(ratio), usage: total }
  if (isWithin(ratio, tolerance)) return { counted: true, replicas: current, usage: total }
  if (pods.length === 0) return failed('unable to calculate ready pods: no pods returned by selector while calculating replica count')
  const ready = pods.filter(pod => pod.status?.phase === 'Running' && isReady(pod)).length
  return { counted: true, replicas: wholeReplicas(ratio * ready), usage: total }
}

/** For a total that is divided among the pods. */
export function replicasByShare(total: bigint, target: bigint, { observed, tolerance }: Situation): Counted {
  const ratio = Number(total) / (Number(target) * observed)
  const replicas = isWithin(ratio, tolerance) ? observed : wholeReplicas(Number(total) / Number(target))
  // Without pods there is nothing to divide it by.
  const usage = observed === 0 ? total : BigInt(Math.ceil(Number(total) / observed))
  return { counted: true, replicas, usage }
}
