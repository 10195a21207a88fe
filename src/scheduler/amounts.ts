// What pods ask for and nodes have, as plain numbers that can be compared fast.
import { integerValue, milliValue, parseQuantity } from '../api/quantity.ts'
import type { Container, Node, Pod, ResourceList } from '../api/types/core-v1.ts'

/** cpu in thousandths of a core, everything else in whole units (bytes, pieces). */
export type Amounts = Map<string, number>

const parsed = new Map<string, number>()
const mostParsed = 10_000

function amount(resource: string, quantity: string): number {
  const key = resource === 'cpu' ? `cpu ${quantity}` : quantity
  const known = parsed.get(key)
  if (known !== undefined) return known
  const value = parseQuantity(String(quantity))
  const number = Number(resource === 'cpu' ? milliValue(value) : integerValue(value))
  if (parsed.size >= mostParsed) parsed.clear()
  parsed.set(key, number)
  return number
}

export function amountsOf(list: ResourceList | undefined): Amounts {
  const amounts: Amounts = new Map()
  for (const [resource, quantity] of Object.entries(list ?? {})) amounts.set(resource, amount(resource, quantity))
  return amounts
}

export function add(to: Amounts, from: Amounts, sign: 1 | -1 = 1): void {
  for (const [resource, value] of from) to.set(resource, (to.get(resource) ?? 0) + sign * value)
}

function atLeast(to: Amounts, from: Amounts): void {
  for (const [resource, value] of from) to.set(resource, Math.max(to.get(resource) ?? 0, value))
}

/** The largest that the pod needs at any time: init containers run one by one, sidecars (restartPolicy Always) stay (KEP-753). */
export function podRequests({ spec }: Pod, requestsOf: (container: Container) => Amounts = requested): Amounts {
  const total: Amounts = new Map()
  for (const container of spec.containers) add(total, requestsOf(container))
  const sidecars: Amounts = new Map()
  const initial: Amounts = new Map()
  for (const container of spec.initContainers ?? []) {
    const own = new Map(requestsOf(container))
    if (container.restartPolicy === 'Always') {
      add(total, own)
      add(sidecars, own)
      atLeast(initial, sidecars)
    } else {
      add(own, sidecars)
      atLeast(initial, own)
    }
  }
  atLeast(total, initial)
  // Requests of the whole pod replace the sum (KEP-2837); overhead is on top in any case.
  for (const [resource, value] of amountsOf(spec.resources?.requests)) total.set(resource, value)
  add(total, amountsOf(spec.overhead))
  return total
}

function requested({ resources }: Container): Amounts {
  return amountsOf(resources?.requests)
}

/** For scores only: a container that asks for nothing is taken to use a little (upstream's schedutil.GetNonzeroRequests). */
export function podRequestsForScore(pod: Pod): Amounts {
  return podRequests(pod, container => {
    const amounts = amountsOf(container.resources?.requests)
    if (!amounts.has('cpu')) amounts.set('cpu', 100)
    if (!amounts.has('memory')) amounts.set('memory', 200 * 1024 * 1024)
    return amounts
  })
}

export function allocatable({ status }: Node): Amounts {
  return amountsOf(status?.allocatable)
}
