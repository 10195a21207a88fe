// Between the two versions of HorizontalPodAutoscaler, with upstream's annotations, so that no version loses what another wrote.
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../types/autoscaling-v1.ts'
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
} from '../../types/autoscaling-v2.ts'

const prefix = 'autoscaling.alpha.kubernetes.io/'
const annotations = {
  metrics: `${prefix}metrics`,
  currentMetrics: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
}

/** May change and reuse its argument. */
export function toV2(object: AutoscalerV1): HorizontalPodAutoscaler {
  const { metadata, spec, status } = object
  const { targetCPUUtilizationPercentage: cpu, ...common } = spec
  const metrics = read<MetricSpec[]>(metadata, annotations.metrics) ?? []
  if (cpu !== undefined) {
    metrics.unshift({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } })
  }
  if (metrics.length === 0) {
    metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } })
  }
  const behavior = read<HorizontalPodAutoscalerBehavior>(metadata, annotations.behavior)
  const currentMetrics = read<MetricStatus[]>(metadata, annotations.currentMetrics) ?? []
  const conditions = read<HorizontalPodAutoscalerCondition[]>(metadata, annotations.conditions)
  const used = status?.currentCPUUtilizationPercentage
  if (used !== undefined) {
    currentMetrics.unshift({ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: used } } })
  }
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => !Object.values(annotations).includes(key))
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, kept),
    spec: { ...common, metrics, ...(behavior === undefined ? {} : { behavior }) },
    status: {
      ...(status?.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
      ...(status?.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
      ...(status?.currentReplicas ? { currentReplicas: status.currentReplicas } : {}),
      desiredReplicas: status?.desiredReplicas ?? 0,
      currentMetrics: currentMetrics.length === 0 ? null : currentMetrics,
      ...(conditions === undefined ? {} : { conditions }),
    },
  }
}

export function fromV2(object: HorizontalPodAutoscaler): AutoscalerV1 {
  const { metadata, spec, status } = object
  const { metrics = [], behavior, ...common } = spec
  const cpu = metrics.find(isCpuUtilization)
  const used = status?.currentMetrics?.find(({ resource }) => resource?.name === 'cpu' && resource.current.averageUtilization !== undefined)
  const entries = Object.entries(metadata.annotations ?? {}).filter(([key]) => !Object.values(annotations).includes(key))
  const write = (key: string, value: unknown): void => {
    entries.push([key, JSON.stringify(value)])
  }
  const otherMetrics = metrics.filter(metric => metric !== cpu)
  const otherStatus = (status?.currentMetrics ?? []).filter(metric => metric !== used)
  if (otherMetrics.length > 0) write(annotations.metrics, otherMetrics)
  if (otherStatus.length > 0) write(annotations.currentMetrics, otherStatus)
  if ((status?.conditions ?? []).length > 0) write(annotations.conditions, status?.conditions)
  if (behavior !== undefined) write(annotations.behavior, behavior)
  const target = cpu?.resource?.target.averageUtilization
  const current = used?.resource?.current.averageUtilization
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, entries),
    spec: { ...common, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      ...(status?.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
      ...(status?.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
      currentReplicas: status?.currentReplicas ?? 0,
      desiredReplicas: status?.desiredReplicas ?? 0,
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    },
  }
}

const isCpuUtilization = ({ type, resource }: MetricSpec): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined

function withAnnotations<T extends { annotations?: Record<string, string> }>(metadata: T, entries: readonly [string, string][]): T {
  const { annotations: _annotations, ...rest } = metadata
  return (entries.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(entries) }) as T
}

/** An annotation that is no JSON is treated as missing, as upstream does: the client wrote it, nobody else can mend it. */
function read<T>(metadata: { annotations?: Record<string, string> }, key: string): T | undefined {
  const text = metadata.annotations?.[key]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as T
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}
