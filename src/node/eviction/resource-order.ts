// The order of eviction if memory or processes are short, and its messages. Pure; order and messages are the kubelet's.
import { podRequests } from '../../api/pods/pod-resources.ts'
import { approximateNumber, formatQuantity, type QuantityFormat } from '../../api/quantity/quantity.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { GroupUsage } from '../machine/cgroups.ts'
import type { EvictionNote } from './eviction-order.ts'
import type { MetResource, NodeResource } from './resource-pressure.ts'
import { bytesQuantity } from './storage-limits.ts'

export interface ResourceCandidate {
  readonly pod: Pod
  readonly usage: GroupUsage
}

const requestOf = (pod: Pod): number => approximateNumber(podRequests(pod).get('memory') ?? bytesQuantity(0))

/** Memory: pods above their request, then by priority, then by usage above the request. Processes: by priority, then by their number. */
export function resourceOrder<T extends ResourceCandidate>(candidates: readonly T[], resource: NodeResource): T[] {
  const ranked = candidates.map(candidate => {
    const { pod, usage } = candidate
    const beyond = resource === 'memory' ? usage.workingSetBytes - requestOf(pod) : usage.pids
    return { candidate, exceeds: resource === 'memory' && beyond > 0, priority: pod.spec.priority ?? 0, beyond }
  })
  return ranked
    .sort((a, b) => Number(b.exceeds) - Number(a.exceeds) || a.priority - b.priority || b.beyond - a.beyond)
    .map(({ candidate }) => candidate)
}

export function resourceNote({ pod, usage }: ResourceCandidate, { resource, quantity, available }: MetResource): EvictionNote {
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI'
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${amount(quantity, format)}, available: ${amount(available, format)}. `
  const request = requestOf(pod)
  const isAbove = resource === 'memory' && usage.workingSetBytes > request
  const used = amount(usage.workingSetBytes, 'BinarySI')
  const names = pod.spec.containers.map(({ name }) => name).join(',')
  // Of the whole pod: the node limits its cgroup, which includes volumes in memory.
  if (isAbove) message += `Pod was using ${used}, request is ${amount(request, 'BinarySI')}, has larger consumption of ${resource}. `
  return {
    message,
    annotations: {
      offending_containers: isAbove ? names : '',
      offending_containers_usage: isAbove ? used : '',
      starved_resource: resource,
    },
  }
}

const amount = (value: number, format: QuantityFormat): string => formatQuantity({ value: BigInt(Math.trunc(value)), scale: 0, format })
