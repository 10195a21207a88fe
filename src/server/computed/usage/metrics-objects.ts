// Makes PodMetrics and NodeMetrics from the usage of nodes. Pure.
import type { NodeUsage, Usage } from '../../../api/nodes/node-protocol.ts'
import type { KubeObject } from '../../../api/object.ts'
import { formatQuantity } from '../../../api/quantity/quantity.ts'
import type { Pod, ResourceList } from '../../../api/types/core-v1.ts'
import type { ContainerMetrics, NodeMetrics, PodMetrics } from '../../../api/types/metrics-v1beta1.ts'
import { formatTime } from '../../../base/clock.ts'

const apiVersion = 'metrics.k8s.io/v1beta1'

/**
 * Undefined for a pod that does not run or has a container without usage, since a part would look like the whole. `usages` comes from the pod's own
 * node, by pod: a node must not report pods of other nodes.
 */
export function podMetricsOf(pod: KubeObject & Pod, usages: ReadonlyMap<string, NodeUsage['containers']>): PodMetrics | undefined {
  if (pod.status?.phase !== 'Running') return undefined
  const measured = usages.get(pod.metadata.uid ?? '') ?? []
  const first = measured[0]
  if (first === undefined) return undefined
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const containers: ContainerMetrics[] = []
  for (const { name } of [...pod.spec.containers, ...sidecars]) {
    const usage = measured.find(each => each.name === name)
    if (usage === undefined) return undefined
    containers.push({ name, usage: usageList(usage) })
  }
  return { kind: 'PodMetrics', apiVersion, metadata: metadataOf(pod, first), ...spanOf(first), containers }
}

/** Undefined for a node without usage. */
export function nodeMetricsOf(node: KubeObject, { node: usage }: NodeUsage): NodeMetrics | undefined {
  if (usage === undefined) return undefined
  return { kind: 'NodeMetrics', apiVersion, metadata: metadataOf(node, usage), ...spanOf(usage), usage: usageList(usage) }
}

export function byPod(containers: NodeUsage['containers']): ReadonlyMap<string, NodeUsage['containers']> {
  return Map.groupBy(containers, ({ podUid }) => podUid)
}

/** The labels of the pod or node, for selectors. */
function metadataOf({ metadata: { name, namespace, labels } }: KubeObject, { at }: Usage): PodMetrics['metadata'] {
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels: { ...labels } }),
    creationTimestamp: formatTime(at),
  }
}

const spanOf = ({ at, windowMs }: Usage): { timestamp: string; window: string } => ({
  timestamp: formatTime(at),
  window: `${windowMs / 1000}s`,
})

const usageList = ({ cpuNanocores, memoryBytes }: Usage): ResourceList => ({
  cpu: formatQuantity({ value: BigInt(cpuNanocores), scale: -9, format: 'DecimalSI' }),
  memory: formatQuantity({ value: BigInt(memoryBytes), scale: 0, format: 'BinarySI' }),
})
