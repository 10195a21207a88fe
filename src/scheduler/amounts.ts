// What pods ask for and nodes have, as plain numbers that can be compared fast.
import { podRequests as requestsOfPod } from '../api/pod-resources.ts'
import { integerValue, milliValue } from '../api/quantity.ts'
import { parseAmounts, type ReadonlyAmounts } from '../api/resource-amounts.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'

/** cpu in thousandths of a core, everything else in whole units (bytes, pieces). */
export type Amounts = Map<string, number>

function inNumbers(exact: ReadonlyAmounts): Amounts {
  const amounts: Amounts = new Map()
  for (const [resource, value] of exact) amounts.set(resource, Number(resource === 'cpu' ? milliValue(value) : integerValue(value)))
  return amounts
}

export function add(to: Amounts, from: Amounts, sign: 1 | -1 = 1): void {
  for (const [resource, value] of from) to.set(resource, (to.get(resource) ?? 0) + sign * value)
}

/** Of the pod; one that is resized counts for what it has or wants, whichever is more. */
export function podRequests(pod: Pod): Amounts {
  return inNumbers(requestsOfPod(pod, { useStatus: true }))
}

const unspecified = parseAmounts({ cpu: '100m', memory: '200Mi' })

/** For scores only: a container that asks for nothing is taken to use a little (upstream's schedutil.GetNonzeroRequests). */
export function podRequestsForScore(pod: Pod): Amounts {
  return inNumbers(requestsOfPod(pod, { useStatus: true, unspecified }))
}

export function allocatable({ status }: Node): Amounts {
  return inNumbers(parseAmounts(status?.allocatable))
}
