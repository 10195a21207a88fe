// The recommendation of one metric of an autoscaler, in upstream's words. Pure.
import { formatQuantity, milliValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../api/types/autoscaling-v2.ts'
import { writeJson } from '../../base/write-json.ts'
import { goSelector } from '../go-selector.ts'
import type { Reading } from './autoscaler-metrics.ts'
import {
  type Counted,
  replicasByAverage,
  replicasByShare,
  replicasByTotal,
  replicasByUtilization,
  type Situation,
} from './autoscaler-replicas.ts'

export type Proposal =
  | { readonly valid: true; readonly replicas: number; readonly metric: string; readonly status: MetricStatus }
  | {
      readonly valid: false
      /** The reason of the condition and the event. */
      readonly reason: string
      readonly why: string
      /** The error in the summary of all metrics. */
      readonly error: string
    }

/** `reading` must be of this metric. */
export function propose(spec: MetricSpec, reading: Reading, situation: Situation): Proposal {
  const { resource, containerResource, pods, object, external } = spec
  if (spec.type === 'Resource' && resource !== undefined) {
    const { name } = resource
    const found = byResource(resource.target, name, '', reading, situation, `${name} resource`)
    if (!found.counted) return refused('FailedGetResourceMetric', found.why, `failed to get ${name} resource metric value`)
    return { ...proposed(found), status: { type: 'Resource', resource: { name, current: found.current } } }
  }
  if (spec.type === 'ContainerResource' && containerResource !== undefined) {
    const { name, container } = containerResource
    const found = byResource(containerResource.target, name, container, reading, situation, `${name} container resource`)
    if (!found.counted) return refused('FailedGetContainerResourceMetric', found.why, `failed to get ${container} container metric value`)
    return { ...proposed(found), status: { type: 'ContainerResource', containerResource: { name, container, current: found.current } } }
  }
  if (spec.type === 'Pods' && pods !== undefined) {
    const { metric, target } = pods
    const counted = counts(reading, target.averageValue, milli => byPods(reading, milli, '', situation))
    if (!counted.counted) return refused('FailedGetPodsMetric', counted.why, 'failed to get pods metric value')
    const found = { ...counted, metric: `pods metric ${metric.name}` }
    return { ...proposed(found), status: { type: 'Pods', pods: { metric, current: { averageValue: shown(counted.usage) } } } }
  }
  if (spec.type === 'Object' && object !== undefined) return ofObject(object, reading, situation)
  if (spec.type === 'External' && external !== undefined) return ofExternal(external, reading, situation)
  const why = `unknown metric source type ${writeJson(spec.type)}`
  return { valid: false, reason: 'InvalidMetricSourceType', why, error: why }
}

type Found = { readonly counted: true; readonly replicas: number; readonly metric: string; readonly current: MetricValueStatus }

function byResource(
  { averageValue, averageUtilization }: MetricTarget,
  resource: string,
  container: string,
  reading: Reading,
  situation: Situation,
  metric: string,
): Found | { readonly counted: false; readonly why: string } {
  if (averageValue !== undefined) {
    const counted = counts(reading, averageValue, milli => byPods(reading, milli, resource, situation))
    if (!counted.counted) return { counted: false, why: `failed to get ${resource} usage: ${counted.why}` }
    // Upstream names only the resource here, even for containers.
    return { ...counted, metric: `${resource} resource`, current: { averageValue: shown(counted.usage) } }
  }
  if (averageUtilization === undefined) {
    const why = 'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set'
    return { counted: false, why }
  }
  const counted =
    reading.of === 'pods' ? replicasByUtilization(reading.metrics, averageUtilization, { resource, container }, situation) : unread(reading)
  if (!counted.counted) return { counted: false, why: `failed to get ${resource} utilization: ${counted.why}` }
  const current = { averageUtilization: counted.utilization ?? 0, averageValue: shown(counted.usage) }
  return { ...counted, metric: `${metric} utilization (percentage of request)`, current }
}

function ofObject(object: NonNullable<MetricSpec['object']>, reading: Reading, situation: Situation): Proposal {
  const { describedObject, metric, target } = object
  const failure = 'failed to get object metric value'
  const reason = 'FailedGetObjectMetric'
  if (target.type === 'Value' && target.value !== undefined) {
    const counted = counts(reading, target.value, milli => byWhole(reading, whole => replicasByTotal(whole, milli, situation)))
    if (!counted.counted) return refused(reason, counted.why, failure)
    const found = { ...counted, metric: `${describedObject.kind} metric ${metric.name}` }
    return { ...proposed(found), status: { type: 'Object', object: { metric, describedObject, current: { value: shown(counted.usage) } } } }
  }
  if (target.type === 'AverageValue' && target.averageValue !== undefined) {
    const counted = counts(reading, target.averageValue, milli => byWhole(reading, whole => replicasByShare(whole, milli, situation)))
    if (!counted.counted) {
      return refused(reason, counted.why, `${failure}: failed to get ${metric.name} object metric`)
    }
    // Upstream calls it an external metric.
    const found = { ...counted, metric: `external metric ${metric.name}(${goSelector(metric.selector)})` }
    const current = { averageValue: shown(counted.usage) }
    return { ...proposed(found), status: { type: 'Object', object: { metric, describedObject, current } } }
  }
  return refused(reason, 'invalid object metric source: neither a value target nor an average value target was set', failure)
}

function ofExternal({ metric, target }: NonNullable<MetricSpec['external']>, reading: Reading, situation: Situation): Proposal {
  const { name } = metric
  const failure = `failed to get ${name} external metric value`
  const reason = 'FailedGetExternalMetric'
  const text = `external metric ${name}(${goSelector(metric.selector)})`
  if (target.averageValue !== undefined) {
    const counted = counts(reading, target.averageValue, milli => byWhole(reading, whole => replicasByShare(whole, milli, situation)))
    if (!counted.counted) return refused(reason, counted.why, `${failure}: failed to get ${name} external metric`)
    const current = { averageValue: shown(counted.usage) }
    return { ...proposed({ ...counted, metric: text }), status: { type: 'External', external: { metric, current } } }
  }
  if (target.value !== undefined) {
    const counted = counts(reading, target.value, milli => byWhole(reading, whole => replicasByTotal(whole, milli, situation)))
    if (!counted.counted) return refused(reason, counted.why, `${failure}: failed to get external metric ${name}`)
    const current = { value: shown(counted.usage) }
    return { ...proposed({ ...counted, metric: text }), status: { type: 'External', external: { metric, current } } }
  }
  return refused(reason, 'invalid external metric source: neither a value target nor an average value target was set', failure)
}

const proposed = ({ replicas, metric }: Pick<Found, 'replicas' | 'metric'>): { valid: true; replicas: number; metric: string } => ({
  ...{ valid: true, replicas, metric },
})

const refused = (reason: string, why: string, failure: string): Proposal => ({ valid: false, reason, why, error: `${failure}: ${why}` })

const unread = (reading: Reading): { readonly counted: false; readonly why: string } => ({
  counted: false,
  why: reading.of === 'nothing' ? reading.why : 'the metric is not of the kind that its target needs',
})

function counts(reading: Reading, target: string | undefined, count: (milli: bigint) => Counted): Counted {
  if (reading.of === 'nothing') return unread(reading)
  if (target === undefined) return { counted: false, why: 'the metric has no target' }
  return count(milliValue(parseQuantity(target)))
}

function byPods(reading: Reading, target: bigint, resource: string, situation: Situation): Counted {
  return reading.of === 'pods' ? replicasByAverage(reading.metrics, target, resource, situation) : unread(reading)
}

function byWhole(reading: Reading, count: (milli: bigint) => Counted): Counted {
  return reading.of === 'whole' ? count(reading.milli) : unread(reading)
}

const shown = (milli: bigint): string => formatQuantity({ value: milli, scale: -3, format: 'DecimalSI' })
