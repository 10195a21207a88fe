// Reads the current values of an autoscaler's metrics through the API: metrics.k8s.io, custom.metrics.k8s.io, external.metrics.k8s.io.
import { compileLabelSelector, formatLabelSelector } from '../../api/selectors/selector.ts'
import { isReason } from '../../api/status.ts'
import type { MetricIdentifier, MetricSpec } from '../../api/types/autoscaling-v2.ts'
import { messageOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import { goSelector } from '../go-selector.ts'
import { parseGroupVersion, qualifiedName, type ServedGroups } from '../served-groups.ts'
import type { PodMetrics } from './autoscaler-pods.ts'
import { MetricsAnswerError, metricValues, podMeasurements } from './metrics-answers.ts'

/** Amounts in thousandths of a unit. */
export type Reading =
  | { readonly of: 'pods'; readonly metrics: PodMetrics }
  | { readonly of: 'whole'; readonly milli: bigint }
  /** In upstream's words. */
  | { readonly of: 'nothing'; readonly why: string }

export interface MetricsSource {
  readonly client: Pick<Client, 'getPath'>
  readonly groups: ServedGroups
  readonly namespace: string
  /** Canonical text of the selector for the target's pods. */
  readonly selector: string
}

const customGroup = 'custom.metrics.k8s.io'
const customVersions = ['v1beta2', 'v1beta1']
const custom = 'unable to fetch metrics from custom metrics API'

/** Never rejects except for the signal: a failed read is a reading too. */
export async function readMetric(source: MetricsSource, spec: MetricSpec, signal: AbortSignal): Promise<Reading> {
  try {
    return await read(source, spec, signal)
  } catch (err) {
    signal.throwIfAborted()
    return { of: 'nothing', why: messageOf(err) }
  }
}

async function read(source: MetricsSource, spec: MetricSpec, signal: AbortSignal): Promise<Reading> {
  const { resource, containerResource, pods, object, external } = spec
  if (spec.type === 'Resource' && resource !== undefined) return await readResource(source, resource.name, '', signal)
  if (spec.type === 'ContainerResource' && containerResource !== undefined) {
    return await readResource(source, containerResource.name, containerResource.container, signal)
  }
  if (spec.type === 'Pods' && pods !== undefined) return await readPods(source, pods.metric, signal)
  if (spec.type === 'Object' && object !== undefined) return await readObject(source, object, signal)
  if (spec.type === 'External' && external !== undefined) return await readExternal(source, external.metric, signal)
  // The plan reports it.
  return { of: 'nothing', why: `unknown metric source type ${writeJson(spec.type)}` }
}

async function readResource(source: MetricsSource, resource: string, container: string, signal: AbortSignal): Promise<Reading> {
  const { client, namespace, selector } = source
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods${query({ labelSelector: selector })}`
  try {
    const answer = await asked('unable to fetch metrics from resource metrics API', 'pods.metrics.k8s.io', () =>
      client.getPath<unknown>(path, signal),
    )
    return { of: 'pods', metrics: podMeasurements(answer, resource, container) }
  } catch (err) {
    throw prefixed(`unable to get metrics for resource ${resource}`, err)
  }
}

async function readPods(source: MetricsSource, { name, selector }: MetricIdentifier, signal: AbortSignal): Promise<Reading> {
  const parameters = { labelSelector: source.selector, metricLabelSelector: textOf(selector) }
  try {
    const values = metricValues(await readCustom(source, ['pods', '*', name], parameters, signal))
    if (values.length === 0) throw new MetricsAnswerError('no metrics returned from custom metrics API')
    return { of: 'pods', metrics: new Map(values.map(value => [value.name, value])) }
  } catch (err) {
    throw prefixed(`unable to get metric ${name}`, err)
  }
}

async function readObject(
  source: MetricsSource,
  { describedObject, metric }: Pick<NonNullable<MetricSpec['object']>, 'describedObject' | 'metric'>,
  signal: AbortSignal,
): Promise<Reading> {
  const { apiVersion = '', kind, name } = describedObject
  const parameters = { metricLabelSelector: textOf(metric.selector) }
  try {
    const { group } = parseGroupVersion(apiVersion)
    // For namespaces, only the autoscaler's own is possible.
    const parts =
      kind === 'Namespace' && group === ''
        ? ['metrics', metric.name]
        : [await resourceName(source.groups, group, kind, signal), name, metric.name]
    const values = metricValues(await readCustom(source, parts, parameters, signal))
    const [value] = values
    if (value === undefined || values.length !== 1) {
      const count = `the custom metrics API server returned ${values.length} results when we asked for exactly one`
      throw new MetricsAnswerError(`${custom}: ${count}`)
    }
    return { of: 'whole', milli: value.milli }
  } catch (err) {
    // In the word order of upstream.
    throw new Error(`unable to get metric ${metric.name}: ${kind} on ${source.namespace} ${name}/${messageOf(err)}`, { cause: err })
  }
}

async function resourceName(groups: ServedGroups, group: string, kind: string, signal: AbortSignal): Promise<string> {
  try {
    return qualifiedName(await groups.resourceOf(group, kind, signal))
  } catch (err) {
    throw prefixed(custom, err)
  }
}

async function readExternal(source: MetricsSource, { name, selector }: MetricIdentifier, signal: AbortSignal): Promise<Reading> {
  const { client, namespace } = source
  const place = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`
  try {
    const path = `${place}${query({ labelSelector: textOf(selector) })}`
    const answer = await asked('unable to fetch metrics from external metrics API', `${name}.external.metrics.k8s.io`, () =>
      client.getPath<unknown>(path, signal),
    )
    const values = metricValues(answer)
    if (values.length === 0) throw new MetricsAnswerError('no metrics returned from external metrics API')
    return { of: 'whole', milli: values.reduce((sum, { milli }) => sum + milli, 0n) }
  } catch (err) {
    throw prefixed(`unable to get external metric ${namespace}/${name}/${goSelector(selector)}`, err)
  }
}

async function readCustom(
  { client, groups, namespace }: MetricsSource,
  parts: readonly string[],
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<unknown> {
  const [resource = '', name = ''] = parts
  return await asked(custom, `${resource}.${customGroup} ${name}`, async () => {
    const served = await groups.versions(customGroup, signal)
    if (served.length === 0) throw new Error(`no custom metrics API (${customGroup}) registered`)
    const version = customVersions.find(each => served.includes(each))
    if (version === undefined) throw new Error('no known available metric versions found')
    const path = parts.map(part => (part === '*' ? part : encodeURIComponent(part))).join('/')
    const place = `/apis/${customGroup}/${version}/namespaces/${encodeURIComponent(namespace)}/${path}`
    return await client.getPath<unknown>(`${place}${query(parameters)}`, signal)
  })
}

/** client-go adds the request to messages that do not contain it. */
const vague = ['the server could not find the requested resource', 'the server is currently unable to handle the request']

async function asked(failure: string, what: string, ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask()
  } catch (err) {
    const message = messageOf(err)
    const unclear = (isReason(err, 'NotFound') || isReason(err, 'ServiceUnavailable')) && vague.includes(message)
    throw new Error(`${failure}: ${message}${unclear ? ` (get ${what})` : ''}`, { cause: err })
  }
}

const prefixed = (prefix: string, err: unknown): Error => new Error(`${prefix}: ${messageOf(err)}`, { cause: err })

/** An absent selector selects all series of the metric. */
const textOf = (selector: MetricIdentifier['selector']): string =>
  selector === undefined ? '' : formatLabelSelector(compileLabelSelector(selector))

function query(parameters: Readonly<Record<string, string>>): string {
  const set = Object.entries(parameters).filter(([, value]) => value !== '')
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`
}
