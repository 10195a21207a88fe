// metrics.k8s.io for clusters without a metrics server: serves the nodes' measurements to `kubectl top` and autoscalers.
import type { KubeObject } from '../../../api/object.ts'
import { apiError } from '../../../api/status.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import type { Entry } from '../../../store/store.ts'
import { computedListReply, objectReply } from '../../answers/respond.ts'
import { listOptions } from '../../request/list-options.ts'
import type { ResourceContext, ResourceHandler } from '../../request/request-context.ts'
import { selectionOf } from '../../request/selection.ts'
import type { ServedResource, ServedResources } from '../../resource/served-resource.ts'
import { byPod, nodeMetricsOf, podMetricsOf } from './metrics-objects.ts'
import type { NodeUsages } from './node-usage.ts'

export interface UsageParts {
  readonly resources: ServedResources
  readonly usages: Pick<NodeUsages, 'of'>
}

/** By group resource. */
export function usageHandlers(parts: UsageParts): ReadonlyMap<string, ResourceHandler> {
  return new Map([
    ['pods.metrics.k8s.io', handler(parts, 'pods', 'podmetrics', podsMetrics)],
    ['nodes.metrics.k8s.io', handler(parts, 'nodes', 'nodemetrics', nodesMetrics)],
  ])
}

type Measure = (parts: UsageParts, entries: readonly Entry[]) => Promise<readonly KubeObject[]>

/** `measured` is the measured resource. Only the nodes of the selected objects are called. */
function handler(parts: UsageParts, measured: string, kindName: string, measure: Measure): ResourceHandler {
  return async context => {
    const { info } = context
    const of = parts.resources.byGroupResource(measured)
    if (info.verb === 'get') {
      const entry = of?.collection.get(info.namespace, info.name)
      const [object] = entry === undefined ? [] : await measure(parts, [entry])
      if (object === undefined) throw notMeasured(kindName, info.namespace, info.name)
      return objectReply(context, context.served, object)
    }
    listOptions(context.query)
    const entries = of === undefined ? [] : selected(context, of)
    return computedListReply(context, await measure(parts, entries))
  }
}

function selected({ info, query }: ResourceContext, of: ServedResource): readonly Entry[] {
  const { stored } = selectionOf(query, of)
  const namespace = of.definition.namespaced && info.namespace !== '' ? { namespace: info.namespace } : {}
  return of.collection.list({ ...namespace, ...(stored === undefined ? {} : { selection: stored }) }).entries
}

async function podsMetrics({ usages }: UsageParts, entries: readonly Entry[]): Promise<readonly KubeObject[]> {
  const pods = entries.map(({ object }) => object as KubeObject & Pod)
  const byNode = Map.groupBy(pods, ({ spec }) => spec.nodeName ?? '')
  byNode.delete('')
  const found = await Promise.all(
    [...byNode].map(async ([nodeName, onNode]) => {
      const measured = byPod((await usages.of(nodeName)).containers)
      return onNode.flatMap(pod => podMetricsOf(pod, measured) ?? [])
    }),
  )
  const name = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`
  return found.flat().sort((a, b) => (name(a) < name(b) ? -1 : 1))
}

async function nodesMetrics({ usages }: UsageParts, entries: readonly Entry[]): Promise<readonly KubeObject[]> {
  const found = await Promise.all(entries.map(async ({ name, object }) => nodeMetricsOf(object as KubeObject, await usages.of(name))))
  return found.flatMap(metrics => metrics ?? [])
}

/** The error of metrics-server for an object without metrics. */
function notMeasured(kindName: string, namespace: string, name: string): Error {
  const full = namespace === '' ? name : `${namespace}/${name}`
  const details = { name: full, group: 'metrics.k8s.io', kind: kindName }
  return apiError(404, 'NotFound', `${kindName}.metrics.k8s.io "${full}" not found`, details)
}
