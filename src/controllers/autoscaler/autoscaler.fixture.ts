// Pods, measurements and autoscalers for the tests of autoscaler decisions.
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec } from '../../api/types/autoscaling-v2.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import type { PodMetric } from './autoscaler-pods.ts'
import type { Situation } from './autoscaler-replicas.ts'

export const now = Date.UTC(2026, 0, 1, 12)
export const labels = { app: 'web' }

export interface PodPlan {
  /** Default Running. */
  readonly phase?: string
  /** Default true; undefined for a pod without the condition. */
  readonly ready?: boolean | undefined
  /** Seconds before now. Default 3600. */
  readonly started?: number
  /** Seconds before now. Default 3500. */
  readonly changed?: number
  readonly deleted?: boolean
  /** Default 100m; undefined for a container without requests. */
  readonly cpu?: string | undefined
}

const ago = (seconds: number): string => formatTime(now - seconds * 1000)

export function podOf(name: string, plan: PodPlan = {}): Pod {
  const { phase = 'Running', started = 3600, changed = 3500, deleted = false } = plan
  const ready = 'ready' in plan ? plan.ready : true
  const cpu = 'cpu' in plan ? plan.cpu : '100m'
  return {
    metadata: { name, namespace: 'shop', labels, ...(deleted ? { deletionTimestamp: ago(1) } : {}) },
    spec: { containers: [{ name: 'app', image: 'i', ...(cpu === undefined ? {} : { resources: { requests: { cpu } } }) }] },
    status: {
      phase,
      startTime: ago(started),
      ...(ready === undefined
        ? {}
        : { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(changed) }] }),
    },
  }
}

/** Amounts in thousandths, of pods p0, p1 and so on; undefined for one that was not measured. */
export function measured(...amounts: readonly (number | undefined)[]): ReadonlyMap<string, PodMetric> {
  return new Map(
    amounts.flatMap((milli, index) =>
      milli === undefined ? [] : [[`p${index}`, { milli: BigInt(milli), at: now - 10_000, windowMs: 30_000 }] as const],
    ),
  )
}

export function situationOf(plans: readonly PodPlan[], over: Partial<Situation> = {}): Situation {
  const pods = plans.map((plan, index) => podOf(`p${index}`, plan))
  const timing = { now, cpuInitializationMs: 300_000, initialReadinessDelayMs: 30_000 }
  return { current: plans.length, observed: plans.length, pods, tolerance: 0.1, timing, ...over }
}

export const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

export function autoscalerOf(spec: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscaler {
  return {
    metadata: { name: 'web', namespace: 'shop', generation: 1 },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [cpuMetric(50)],
      ...spec,
    },
  }
}
