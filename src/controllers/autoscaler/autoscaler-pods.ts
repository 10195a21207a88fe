// Groups the pods of an autoscaler's target by whether their measurements count. Pure; amounts in thousandths of a unit, times in ms.
import { milliValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { podCondition } from '../pod-state.ts'

/** A metrics API's measurement of one pod. */
export interface PodMetric {
  readonly milli: bigint
  readonly at: number
  /** Length of the measured interval before `at`. */
  readonly windowMs: number
}

export type PodMetrics = ReadonlyMap<string, PodMetric>

export interface PodTiming {
  readonly now: number
  /** For this long after its start, the CPU of a pod counts only while it is ready. */
  readonly cpuInitializationMs: number
  /** A pod whose readiness last changed this soon after its start has never been ready. */
  readonly initialReadinessDelayMs: number
}

export interface PodGroups {
  readonly ready: number
  readonly unready: ReadonlySet<string>
  /** Without a measurement. */
  readonly missing: ReadonlySet<string>
  /** Failed or being deleted: not counted. */
  readonly ignored: ReadonlySet<string>
}

const nameOf = ({ metadata }: Pod): string => metadata.name ?? ''

/** An absent time is before all others. */
const timeOf = (text: string | null | undefined): number => Date.parse(text ?? '') || Number.NEGATIVE_INFINITY

/** `resource` is '' for a metric of another API: readiness matters only for CPU. */
export function groupPods(pods: readonly Pod[], metrics: PodMetrics, resource: string, timing: PodTiming): PodGroups {
  const unready = new Set<string>()
  const missing = new Set<string>()
  const ignored = new Set<string>()
  let ready = 0
  for (const pod of pods) {
    const name = nameOf(pod)
    const metric = metrics.get(name)
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed') ignored.add(name)
    else if (pod.status?.phase === 'Pending') unready.add(name)
    else if (metric === undefined) missing.add(name)
    else if (resource === 'cpu' && isUnready(pod, metric, timing)) unready.add(name)
    else ready++
  }
  return { ready, unready, missing, ignored }
}

function isUnready(pod: Pod, metric: PodMetric, { now, cpuInitializationMs, initialReadinessDelayMs }: PodTiming): boolean {
  const condition = podCondition(pod, 'Ready')
  const startTime = pod.status?.startTime
  if (condition === undefined || startTime === undefined || startTime === null) return true
  const started = timeOf(startTime)
  const changed = timeOf(condition.lastTransitionTime)
  const notReady = condition.status === 'False'
  // CPU during the start says nothing about load: a whole window must have passed since the pod became ready.
  if (started + cpuInitializationMs > now) return notReady || metric.at < changed + metric.windowMs
  return notReady && started + initialReadinessDelayMs > changed
}

export type Requests =
  | { readonly known: true; readonly milli: ReadonlyMap<string, bigint> }
  | { readonly known: false; readonly why: string }

/** The requests of each pod, or of one container if `container` is set. Sidecars count, other init containers do not. */
export function requestsOf(pods: readonly Pod[], container: string, resource: string): Requests {
  const milli = new Map<string, bigint>()
  for (const pod of pods) {
    const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
    let sum = 0n
    for (const { name, resources } of [...pod.spec.containers, ...sidecars]) {
      if (container !== '' && container !== name) continue
      const request = resources?.requests?.[resource]
      if (request === undefined) return { known: false, why: `missing request for ${resource} in container ${name} of Pod ${nameOf(pod)}` }
      sum += milliValue(parseQuantity(String(request)))
    }
    milli.set(nameOf(pod), sum)
  }
  return { known: true, milli }
}
