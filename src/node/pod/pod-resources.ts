// Converts requests and limits to cgroup values, QoS class and OOM score. Pure.

import { parseQuantity } from '../../api/quantity/quantity.ts'
import type { Container, EphemeralContainer, Pod } from '../../api/types/core-v1.ts'
import type { LinuxResources } from '../cri/messages.ts'
import type { PodLimits } from '../machine/cgroups.ts'
import { isSidecar } from './pod-containers.ts'

export const qosClasses = ['Guaranteed', 'Burstable', 'BestEffort'] as const
export type QosClass = (typeof qosClasses)[number]

type AnyContainer = Container | EphemeralContainer

/** Limit of processes in one pod: a fork bomb must not fill the node's process table. */
const podPidLimit = 4096

const minShares = 2
const sharesPerCpu = 1024
const minQuota = 1000
const quotaPeriod = 100_000

/** A quantity in billionths, the finest scale of Kubernetes. */
export function nanoUnits(text: string): bigint {
  const { value, scale } = parseQuantity(text)
  return scale >= -9 ? value * 10n ** BigInt(scale + 9) : value / 10n ** BigInt(-9 - scale)
}

function milliCpu(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : Number((nanoUnits(String(quantity)) + 999_999n) / 1_000_000n)
}

export function wholeUnits(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : Number((nanoUnits(String(quantity)) + 999_999_999n) / 1_000_000_000n)
}

function sharesOf(milli: number): number {
  return milli === 0 ? minShares : Math.min(262_144, Math.max(minShares, Math.floor((milli * sharesPerCpu) / 1000)))
}

function quotaOf(milli: number): number {
  return Math.max(minQuota, Math.floor((milli * quotaPeriod) / 1000))
}

/** Upstream's rule over the init and regular containers. */
export function qosClass({ spec }: Pod): QosClass {
  let some = false
  let guaranteed = true
  for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    for (const name of ['cpu', 'memory'] as const) {
      const limit = nanoUnits(String(resources?.limits?.[name] ?? '0'))
      const request = nanoUnits(String(resources?.requests?.[name] ?? resources?.limits?.[name] ?? '0'))
      if (limit > 0n || request > 0n) some = true
      if (limit <= 0n || request !== limit) guaranteed = false
    }
  }
  if (!some) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

/** The kubelet's oom_score_adj: -997 for guaranteed, 1000 for best effort, others between by their share of requested memory. */
function oomScore(pod: Pod, container: AnyContainer, nodeMemoryBytes: number): number {
  const priority = pod.spec.priority ?? 0
  if (priority >= 2_000_000_000) return -997
  const qos = qosClass(pod)
  if (qos === 'Guaranteed') return -997
  if (qos === 'BestEffort') return 1000
  const request = wholeUnits(container.resources?.requests?.['memory'])
  const score = 1000 - Math.floor((1000 * request) / nodeMemoryBytes)
  return Math.min(999, Math.max(3, score))
}

export function containerResources(pod: Pod, container: AnyContainer, nodeMemoryBytes: number): LinuxResources {
  const { requests, limits } = container.resources ?? {}
  const cpuLimit = milliCpu(limits?.['cpu'])
  const memoryLimit = wholeUnits(limits?.['memory'])
  return {
    cpuShares: sharesOf(milliCpu(requests?.['cpu'] ?? limits?.['cpu'])),
    ...(cpuLimit > 0 ? { cpuPeriod: quotaPeriod, cpuQuota: quotaOf(cpuLimit) } : {}),
    ...(memoryLimit > 0 ? { memoryLimitInBytes: memoryLimit } : {}),
    oomScoreAdj: oomScore(pod, container, nodeMemoryBytes),
  }
}

/** Limits of the whole pod: the sum of its containers, or one init container if that is more; no limit if one has none. */
export function podLimits({ spec }: Pod): PodLimits {
  const sidecars = (spec.initContainers ?? []).filter(isSidecar)
  const running = [...spec.containers, ...sidecars]
  const init = (spec.initContainers ?? []).filter(container => !isSidecar(container))
  const total = (list: 'requests' | 'limits', name: 'cpu' | 'memory', unit: (quantity: string | number | undefined) => number) => {
    const of = ({ resources }: AnyContainer) =>
      unit(resources?.[list]?.[name] ?? (list === 'requests' ? resources?.limits?.[name] : undefined))
    const sum = running.reduce((all, container) => all + of(container), 0)
    return Math.max(sum, ...init.map(of)) + unit(spec.overhead?.[name])
  }
  const limited = (name: 'cpu' | 'memory') => [...running, ...init].every(({ resources }) => resources?.limits?.[name] !== undefined)
  return {
    cpuShares: sharesOf(total('requests', 'cpu', milliCpu)),
    ...(limited('cpu') ? { cpuQuota: quotaOf(total('limits', 'cpu', milliCpu)) } : {}),
    ...(limited('memory') ? { memoryBytes: total('limits', 'memory', wholeUnits) } : {}),
    pids: podPidLimit,
  }
}

/** Size of a volume in memory: at most its own sizeLimit, its pod's limit and the limit of all pods. */
export function memoryVolumeBytes(pod: Pod, sizeLimit: string | undefined, allocatableBytes: number): number {
  // The kernel treats a size of 0 as unlimited.
  const atMost = (bytes: number, limit: number | undefined) => (limit !== undefined && limit > 0 ? Math.min(bytes, limit) : bytes)
  return atMost(atMost(allocatableBytes, podLimits(pod).memoryBytes), wholeUnits(sizeLimit))
}
