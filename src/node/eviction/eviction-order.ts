// The order of eviction if a disk is full, and its messages: pods above their request first, then by priority, then by usage above the
// request. Pure; order and messages are the kubelet's.
import { podRequests } from '../../api/pods/pod-resources.ts'
import { approximateNumber, compareQuantities, formatQuantity, parseQuantity, type QuantityFormat } from '../../api/quantity/quantity.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { type PodStorage, type StorageKind, totalStorage } from './pod-storage.ts'
import { bytesQuantity } from './storage-limits.ts'
import type { DiskResource, MetThreshold } from './thresholds.ts'

/** Pods with this priority or a higher one are never evicted. */
const criticalPriority = 2_000_000_000

export const isCritical = ({ spec }: Pod): boolean => (spec.priority ?? 0) >= criticalPriority

export interface Candidate {
  readonly pod: Pod
  readonly storage: PodStorage
}

/** A pod's usage on the disk that is short. */
export function storageKinds({ signal }: MetThreshold, dedicated: boolean): readonly StorageKind[] {
  if (!dedicated) return ['layers', 'logs', 'volumes']
  return signal === 'imagefs.available' ? ['layers'] : ['logs', 'volumes']
}

export function evictionOrder<T extends Candidate>(candidates: readonly T[], resource: DiskResource, kinds: readonly StorageKind[]): T[] {
  const ranked = candidates.map(candidate => {
    const { pod, storage } = candidate
    const request = approximateNumber(podRequests(pod).get('ephemeral-storage') ?? bytesQuantity(0))
    const usage = totalStorage(storage, kinds)
    // There are no requests for inodes.
    return { candidate, exceeds: usage > (resource === 'inodes' ? 0 : request), priority: pod.spec.priority ?? 0, beyond: usage - request }
  })
  return ranked
    .sort((a, b) => Number(b.exceeds) - Number(a.exceeds) || a.priority - b.priority || b.beyond - a.beyond)
    .map(({ candidate }) => candidate)
}

export interface EvictionNote {
  readonly message: string
  readonly annotations: Readonly<Record<string, string>>
}

export function evictionNote({ pod, storage }: Candidate, { resource, quantity, available }: MetThreshold): EvictionNote {
  const free = amount(available, resource === 'inodes' ? 'DecimalSI' : 'BinarySI')
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${amount(quantity, 'BinarySI')}, available: ${free}. `
  const above: { name: string; usage: string }[] = []
  if (resource === 'ephemeral-storage') {
    for (const { name, resources } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
      const held = storage.containers.find(container => container.name === name)
      const used = bytesQuantity((held?.layer ?? 0) + (held?.logs ?? 0))
      const request = parseQuantity(resources?.requests?.[resource] ?? '0')
      if (compareQuantities(used, request) <= 0) continue
      const usage = formatQuantity(used)
      above.push({ name, usage })
      message += `Container ${name} was using ${usage}, request is ${formatQuantity(request)}, has larger consumption of ${resource}. `
    }
  }
  const annotations = {
    offending_containers: above.map(({ name }) => name).join(','),
    offending_containers_usage: above.map(({ usage }) => usage).join(','),
    starved_resource: resource,
  }
  return { message, annotations }
}

const amount = (value: number, format: QuantityFormat): string => formatQuantity({ value: BigInt(value), scale: 0, format })
