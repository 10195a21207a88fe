// Amounts by resource (`cpu: 100m`), as exact quantities: sums, maxima and comparisons.
import { addQuantities, compareQuantities, parseQuantity, type Quantity, subtractQuantities } from './quantity.ts'

export type ResourceAmounts = Map<string, Quantity>
export type ReadonlyAmounts = ReadonlyMap<string, Quantity>

export const noAmounts: ReadonlyAmounts = new Map()

/** As in an object; the decoder has validated the quantities. */
export function parseAmounts(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  const amounts: ResourceAmounts = new Map()
  for (const name in list) amounts.set(name, parseQuantity(list[name] ?? '0'))
  return amounts
}

/** Modifies `to`. */
export function addAmounts(to: ResourceAmounts, from: ReadonlyAmounts): void {
  for (const [name, amount] of from) {
    const before = to.get(name)
    to.set(name, before === undefined ? amount : addQuantities(before, amount))
  }
}

/** Modifies `from`. */
export function subtractAmounts(from: ResourceAmounts, amounts: ReadonlyAmounts): void {
  for (const [name, amount] of amounts) {
    const before = from.get(name)
    if (before !== undefined) from.set(name, subtractQuantities(before, amount))
  }
}

/** The larger of the two for each resource. Modifies `to`. */
export function raiseAmounts(to: ResourceAmounts, atLeast: ReadonlyAmounts): void {
  for (const [name, amount] of atLeast) {
    const before = to.get(name)
    if (before === undefined || compareQuantities(amount, before) > 0) to.set(name, amount)
  }
}

/** Whether both have the same resources in the same amounts. */
export function sameAmounts(a: ReadonlyAmounts, b: ReadonlyAmounts): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [name, amount] of a) {
    const other = b.get(name)
    if (other === undefined || (other !== amount && compareQuantities(other, amount) !== 0)) return false
  }
  return true
}
