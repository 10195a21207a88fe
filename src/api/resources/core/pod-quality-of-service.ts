// The quality-of-service class of a pod: the order in which a node evicts when memory runs short.

import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../quantity/quantity.ts'
import type { Pod, PodSpec } from '../../types/core-v1.ts'
import { compareAmounts } from '../../validation/quantities.ts'

export type QualityOfService = 'Guaranteed' | 'Burstable' | 'BestEffort'

const counted = ['cpu', 'memory'] as const

/** From requests and limits, as upstream computes it at creation. */
export function qualityOfService(spec: PodSpec): QualityOfService {
  const requests = new Map<string, Quantity>()
  const limits = new Map<string, Quantity>()
  let guaranteed = true
  for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const name of counted) {
      addPositive(requests, name, resources?.requests?.[name])
      if (!addPositive(limits, name, resources?.limits?.[name])) guaranteed = false
    }
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  if (!guaranteed || requests.size !== limits.size) return 'Burstable'
  for (const [name, request] of requests) {
    const limit = limits.get(name)
    if (limit === undefined || compareQuantities(limit, request) !== 0) return 'Burstable'
  }
  return 'Guaranteed'
}

/** The class in the status; for a pod older than the field, the computed one. */
export function recordedQualityOfService(pod: Pod): string {
  return pod.status?.qosClass || qualityOfService(pod.spec)
}

function addPositive(sums: Map<string, Quantity>, name: string, amount: string | undefined): boolean {
  if (amount === undefined || compareAmounts(amount, '0') <= 0) return false
  const sum = sums.get(name)
  const parsed = parseQuantity(amount)
  sums.set(name, sum === undefined ? parsed : addQuantities(sum, parsed))
  return true
}
