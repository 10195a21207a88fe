// Costs that several libraries share, as Kubernetes counts and estimates them. Limits of CRDs and policies depend on these numbers.
import type { EstimateCall, EstimateNode, Range } from '../functions/estimate.ts'
import * as estimate from '../functions/estimate.ts'
import type { Overload } from '../functions/function.ts'
import { type CelValue, entriesOf, isList, isMap, sizeOf } from '../values/values.ts'
import { addWork } from '../values/work-counter.ts'

export type Costs = Pick<Overload, 'cost' | 'costsAlways' | 'estimate'>

/** The target of a member call, or the first argument. */
export const subjectOf = ({ target, args: [first] }: EstimateCall): EstimateNode | undefined => target ?? first

const unit = estimate.fixed(1)

/** Access to an existing value. */
export const nominal: Costs = { cost: () => 1, costsAlways: true, estimate: () => ({ cost: unit }) }

/** Traverses the subject `times` times; `sized` if the result is as long as the subject. */
export const walks = (times: number, sized = false): Costs => ({
  cost: ([subject = null]) => Math.ceil(sizeOf(subject) * times * estimate.traversalFactor),
  costsAlways: true,
  estimate(call) {
    const subject = subjectOf(call)
    if (subject === undefined) return undefined
    const size = call.size(subject)
    const cost = estimate.scale(size, times * estimate.traversalFactor)
    return sized ? { cost, size } : { cost }
  },
})

/** Parsing a text. */
export const parses = walks(1)

/** The length of the text times that of the pattern. 1 is added to the text: an expensive pattern on an empty text is not free. */
export const regexCosts = {
  cost: ([text = null, pattern = null]: readonly CelValue[]) =>
    estimate.walk(1 + sizeOf(text)) * Math.ceil(sizeOf(pattern) * estimate.regexFactor),
  estimate({ target, args: [pattern], size }: EstimateCall) {
    if (target === undefined || pattern === undefined) return undefined
    const text = estimate.scale(estimate.add(size(target), unit), estimate.traversalFactor)
    return { cost: estimate.multiply(text, estimate.scale(size(pattern), estimate.regexFactor)) }
  },
} satisfies Costs

/** The same for functions that return matches: at most each character of the text. */
export const searches: Costs = {
  cost: regexCosts.cost,
  costsAlways: true,
  estimate(call) {
    const found = regexCosts.estimate(call)
    return found === undefined || call.target === undefined ? undefined : { ...found, size: { min: 0, max: call.size(call.target).max } }
  },
}

/** Compares each item of a list, or traverses a text. */
export const traverses: Costs = {
  cost: ([subject = null]) => traversal(subject),
  costsAlways: true,
  estimate({ target, size }) {
    if (target === undefined) return undefined
    const [itemType] = target.type.params
    if (itemType === undefined) return { cost: estimate.scale(size(target), estimate.traversalFactor) }
    const item = itemOf(target)
    const walked = itemType.kind === 'string' || itemType.kind === 'bytes'
    const each: Range = walked && item !== undefined ? estimate.add(unit, estimate.scale(size(item), estimate.traversalFactor)) : unit
    return { cost: estimate.multiply(size(target), each) }
  },
}

/** Represents the items of a list when their size is requested. */
export function itemOf({ type, path }: EstimateNode): EstimateNode | undefined {
  const [itemType] = type.params
  if (itemType === undefined) return undefined
  return { expr: undefined, type: itemType, path: path === undefined ? undefined : [...path, '@items'], computedSize: undefined }
}

/** The cost of traversing everything in a value. */
function traversal(value: CelValue): number {
  addWork(1)
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * estimate.traversalFactor)
  if (value instanceof Uint8Array) return Math.floor(value.length * estimate.traversalFactor)
  if (isList(value)) return value.reduce<number>((sum, item) => sum + traversal(item), 0)
  if (!isMap(value)) return 1
  let sum = 0
  for (const [key, held] of entriesOf(value)) sum += traversal(key) + traversal(held)
  return sum
}
