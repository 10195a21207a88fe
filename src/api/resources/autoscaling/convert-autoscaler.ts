// Converts between the two versions of HorizontalPodAutoscaler, with upstream's annotations, so that neither version loses what the other
// wrote.
import { goJson } from '../../schema/go-json.ts'
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../types/autoscaling-v1.ts'
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus, MetricSpec, MetricStatus } from '../../types/autoscaling-v2.ts'
import type { ObjectMeta } from '../../types/meta-v1.ts'
import { readJson } from './annotation-reader.ts'
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './metric-v1.ts'
import {
  roundTripAnnotations as names,
  ownAnnotations,
  readBehavior,
  readConditions,
  readMetrics,
  writeBehavior,
  writeConditions,
} from './round-trip-annotations.ts'

const cpuTarget = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})
/** The default metric. */
export const defaultMetrics = (): MetricSpec[] => [cpuTarget(80)]

/** May reuse parts of its argument. */
export function toV2(object: AutoscalerV1): HorizontalPodAutoscaler {
  const { metadata, spec } = object
  const { targetCPUUtilizationPercentage: cpu, ...common } = spec
  const annotations = metadata.annotations ?? {}
  const metrics = readJson(annotations[names.metrics], readMetrics)?.map(metricFromV1) ?? []
  if (cpu !== undefined) metrics.push(cpuTarget(cpu))
  const behavior = readJson(annotations[names.behavior], readBehavior)
  const hasBehavior = behavior?.scaleUp !== undefined || behavior?.scaleDown !== undefined
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(metadata, ownAnnotations(metadata)),
    spec: { ...common, metrics: metrics.length === 0 ? defaultMetrics() : metrics, ...(hasBehavior ? { behavior } : {}) },
    status: statusToV2(object),
  }
}

function statusToV2({ metadata, status }: AutoscalerV1): HorizontalPodAutoscalerStatus {
  const annotations = metadata.annotations ?? {}
  const used = status?.currentCPUUtilizationPercentage
  const own: MetricStatus[] | undefined =
    used === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: used } } }]
  // The annotation contains more than the field.
  const currentMetrics = readJson(annotations[names.currentMetrics], readMetrics)?.map(metricStatusFromV1) ?? own
  const conditions = readJson(annotations[names.conditions], readConditions)
  return {
    ...(status?.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
    ...(status?.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
    ...(status?.currentReplicas ? { currentReplicas: status.currentReplicas } : {}),
    desiredReplicas: status?.desiredReplicas ?? 0,
    currentMetrics: currentMetrics ?? null,
    ...(conditions === undefined || conditions.length === 0 ? {} : { conditions }),
  }
}

/** May reuse parts of its argument. */
export function fromV2(object: HorizontalPodAutoscaler): AutoscalerV1 {
  const { metadata, spec, status } = object
  const { metrics = [], behavior, ...common } = spec
  const annotations: Record<string, string> = { ...ownAnnotations(metadata) }
  const otherMetrics = metrics.filter(metric => !isCpuUtilization(metric))
  const currentMetrics = status?.currentMetrics ?? []
  const conditions = status?.conditions ?? []
  if (otherMetrics.length > 0) annotations[names.metrics] = goJson(otherMetrics.map(metricToV1))
  if (currentMetrics.length > 0) annotations[names.currentMetrics] = goJson(currentMetrics.map(metricStatusToV1))
  if (behavior !== undefined) annotations[names.behavior] = writeBehavior(behavior)
  if (conditions.length > 0) annotations[names.conditions] = writeConditions(conditions)
  const target = metrics.find(isCpu)?.resource?.target.averageUtilization
  const current = currentMetrics.findLast(metric => isCpu(metric) && metric.resource?.current.averageUtilization !== undefined)
  const used = current?.resource?.current.averageUtilization
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(metadata, Object.keys(annotations).length === 0 ? undefined : annotations),
    spec: { ...common, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      ...(status?.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
      ...(status?.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
      currentReplicas: status?.currentReplicas ?? 0,
      desiredReplicas: status?.desiredReplicas ?? 0,
      ...(used === undefined ? {} : { currentCPUUtilizationPercentage: used }),
    },
  }
}

const isCpu = ({ type, resource }: MetricSpec | MetricStatus): boolean => type === 'Resource' && resource?.name === 'cpu'
const isCpuUtilization = (metric: MetricSpec): boolean => isCpu(metric) && metric.resource?.target.averageUtilization !== undefined

function withAnnotations(metadata: ObjectMeta, annotations: Record<string, string> | undefined): ObjectMeta {
  if (annotations === metadata.annotations) return metadata
  const { annotations: _annotations, ...rest } = metadata
  return annotations === undefined ? rest : { ...rest, annotations }
}
