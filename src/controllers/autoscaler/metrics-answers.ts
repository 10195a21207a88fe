// Parses answers of metrics APIs. They are not trusted, because they come from external servers behind an APIService. Pure; amounts in
// thousandths.
import { milliValue, parseQuantity } from '../../api/quantity/quantity.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { parseGoDuration } from '../../base/config/go-duration.ts'
import { writeJson } from '../../base/write-json.ts'
import type { PodMetric } from './autoscaler-pods.ts'

/** The message says what is wrong with the answer. */
export class MetricsAnswerError extends Error {}

export type PodMeasurements = ReadonlyMap<string, PodMetric>

/** One value of custom.metrics.k8s.io or external.metrics.k8s.io. */
export interface MetricValue extends PodMetric {
  /** Name of the described object; '' for external metrics. */
  readonly name: string
}

/** The window of a custom metric without one. */
const defaultWindowMs = 60_000

/**
 * Usage of one resource by pod, from a PodMetricsList (metrics.k8s.io/v1beta1); of one container if `container` is not ''. A pod with an
 * unmeasured container has no value. Throws `MetricsAnswerError` in upstream's words if there is no value or no such container.
 */
export function podMeasurements(answer: unknown, resource: string, container: string): PodMeasurements {
  const items = itemsOf(answer)
  if (items.length === 0) throw new MetricsAnswerError('no metrics returned from resource metrics API')
  const found = new Map<string, PodMetric>()
  for (const item of items) {
    const { name, namespace } = metadataOf(item)
    const containers = recordsOf(item['containers'], 'containers')
    const counted = container === '' ? containers : containers.filter(each => each['name'] === container).slice(0, 1)
    if (container !== '' && counted.length === 0) {
      const message = `failed to get container metrics: container ${container} not present in metrics for pod ${namespace}/${name}`
      throw new MetricsAnswerError(message)
    }
    const usages = counted.map(({ usage }) => (isRecord(usage) && Object.hasOwn(usage, resource) ? usage[resource] : undefined))
    if (usages.length === 0 || usages.includes(undefined)) continue
    const milli = usages.reduce<bigint>((sum, usage) => sum + amountOf(usage), 0n)
    found.set(name, { milli, at: timeOf(item['timestamp']), windowMs: durationOf(item['window']) })
  }
  return found
}

/** The values of a MetricValueList (custom.metrics.k8s.io) or ExternalMetricValueList. */
export function metricValues(answer: unknown): readonly MetricValue[] {
  return itemsOf(answer).map(item => {
    const about = item['describedObject']
    const name = isRecord(about) && typeof about['name'] === 'string' ? about['name'] : ''
    // The first version of the API called it `window`.
    const seconds = item['windowSeconds'] ?? item['window']
    const windowMs = typeof seconds === 'number' ? seconds * 1000 : defaultWindowMs
    return { name, milli: amountOf(item['value']), at: timeOf(item['timestamp']), windowMs }
  })
}

function itemsOf(answer: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isRecord(answer)) throw new MetricsAnswerError('the answer is not a list of metrics')
  return recordsOf(answer['items'], 'items')
}

function recordsOf(value: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(isRecord)) throw new MetricsAnswerError(`the answer's ${name} are not lists of objects`)
  return value
}

function metadataOf(item: Readonly<Record<string, unknown>>): { readonly name: string; readonly namespace: string } {
  const metadata = isRecord(item['metadata']) ? item['metadata'] : {}
  const text = (name: string): string => (typeof metadata[name] === 'string' ? metadata[name] : '')
  return { name: text('name'), namespace: text('namespace') }
}

function amountOf(value: unknown): bigint {
  if (typeof value !== 'string' && typeof value !== 'number') throw new MetricsAnswerError('the answer has a value that is not a quantity')
  try {
    return milliValue(parseQuantity(String(value)))
  } catch (err) {
    throw new MetricsAnswerError(`the answer has a value that is not a quantity: ${writeJson(value).slice(0, 64)}`, { cause: err })
  }
}

/** An absent time is before all others, as Go's zero time. */
function timeOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) || Number.NEGATIVE_INFINITY : Number.NEGATIVE_INFINITY
}

function durationOf(value: unknown): number {
  const ms = typeof value === 'string' ? parseGoDuration(value) : 0
  return typeof ms === 'number' ? ms : 0
}
