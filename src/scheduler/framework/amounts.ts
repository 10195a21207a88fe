// Requests of pods and capacity of nodes as plain numbers that compare fast.
import { podRequests as requestsOfPod } from '../../api/pods/pod-resources.ts'
import { integerValue, milliValue } from '../../api/quantity/quantity.ts'
import { parseAmounts, type ReadonlyAmounts } from '../../api/quantity/resource-amounts.ts'
import type { Node, Pod } from '../../api/types/core-v1.ts'

/** cpu in millicores, everything else in whole units (bytes, pieces). */
export type Amounts = Map<string, number>

function inNumbers(exact: ReadonlyAmounts): Amounts {
  const amounts: Amounts = new Map()
  for (const [resource, value] of exact) amounts.set(resource, Number(resource === 'cpu' ? milliValue(value) : integerValue(value)))
  return amounts
}

export function add(to: Amounts, from: Amounts, sign: 1 | -1 = 1): void {
  for (const [resource, value] of from) to.set(resource, (to.get(resource) ?? 0) + sign * value)
}

/** The requests of the pod; during a resize, the larger of its current and its desired ones. */
export function podRequests(pod: Pod): Amounts {
  return inNumbers(requestsOfPod(pod, { useStatus: true }))
}

const unspecified = parseAmounts({ cpu: '100m', memory: '200Mi' })

/** For scores only: a container without requests counts as using a little (upstream's schedutil.GetNonzeroRequests). */
export function podRequestsForScore(pod: Pod): Amounts {
  return inNumbers(requestsOfPod(pod, { useStatus: true, unspecified }))
}

export function allocatable({ status }: Node): Amounts {
  return inNumbers(parseAmounts(status?.allocatable))
}
