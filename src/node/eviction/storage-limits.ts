// Which pods exceed their limits of disk: ephemeral storage, and sizes of emptyDir volumes. Pure; messages are the kubelet's.
import { podLimits } from '../../api/pods/pod-resources.ts'
import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../../api/quantity/quantity.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { type PodStorage, totalStorage } from './pod-storage.ts'

const limited = 'ephemeral-storage'

/** Whether the pod's usage needs measuring. */
export function hasStorageLimit({ spec }: Pod): boolean {
  return (
    spec.volumes?.some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== 'Memory') === true ||
    [...spec.containers, ...(spec.initContainers ?? [])].some(({ resources }) => resources?.limits?.[limited] !== undefined)
  )
}

/** The first limit that the pod exceeds; undefined if none. `dedicated`: layers of containers are on a disk of their own. */
export function storageExcess(pod: Pod, storage: PodStorage, dedicated: boolean): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const size = emptyDir?.sizeLimit === undefined ? undefined : parseQuantity(emptyDir.sizeLimit)
    if (size !== undefined && size.value > 0n && isAbove(storage.volumes.get(name) ?? 0, size))
      return `Usage of EmptyDir volume ${writeJson(name)} exceeds the limit ${writeJson(formatQuantity(size))}. `
  }
  const most = podLimits(pod).get(limited)
  if (most !== undefined && isAbove(totalStorage(storage, ['layers', 'logs', 'volumes']), most))
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(most)}. `
  for (const { name, layer, logs } of storage.containers) {
    const text = pod.spec.containers.find(container => container.name === name)?.resources?.limits?.[limited]
    const limit = text === undefined ? undefined : parseQuantity(text)
    if (limit !== undefined && limit.value !== 0n && isAbove(logs + (dedicated ? 0 : layer), limit))
      return `Container ${name} exceeded its local ephemeral storage limit ${writeJson(formatQuantity(limit))}. `
  }
  return undefined
}

export const bytesQuantity = (bytes: number): Quantity => ({ value: BigInt(bytes), scale: 0, format: 'BinarySI' })

const isAbove = (bytes: number, limit: Quantity): boolean => compareQuantities(bytesQuantity(bytes), limit) > 0
