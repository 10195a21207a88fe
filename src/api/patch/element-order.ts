// The order of list items in the result of a strategic merge patch.

import { goFormat, goType } from '../go-text/go-format.ts'
import { isRecord } from '../schema/compile.ts'
import { type JsonObject, patchDirective, StrategicMergeError } from './directives.ts'

/** How items are identified: objects by their merge key, scalars by value. */
export type Identity = (item: unknown) => unknown

function identityBy(mergeKey: string | undefined): Identity {
  return mergeKey === undefined ? item => item : item => (isRecord(item) ? item[mergeKey] : undefined)
}

export function requireKey(item: unknown, mergeKey: string): JsonObject {
  if (!isRecord(item)) throw wrongType('map[string]interface {}', item)
  if (Object.hasOwn(item, mergeKey)) return item
  throw new StrategicMergeError(`map: ${goFormat(item)} does not contain declared merge key: ${mergeKey}`)
}

export function wrongType(expected: string, actual: unknown): StrategicMergeError {
  return new StrategicMergeError(`expected a ${expected}, but received a ${goType(actual)}`)
}

/** The items of a patch must appear in the order list, in its order; deletions need not. */
export function checkOrder(list: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (list.length === 0 || order.length === 0) return
  const items = mergeKey === undefined ? list : list.filter(item => !isRecord(item) || item[patchDirective] !== 'delete')
  let next = 0
  for (let at = 0; next < items.length && at < order.length; ) {
    const item = items[next]
    if (isRecord(item) && Object.hasOwn(item, patchDirective)) next++
    else if (sameItem(item, order[at++], mergeKey)) next++
  }
  if (next < items.length) {
    throw new StrategicMergeError(
      `The order in patch list:\n${goFormat(list)}\n doesn't match $setElementOrder list:\n${goFormat(order)}\n`,
    )
  }
}

/** Every item must have its key, and the entries of the order list that are compared must be objects. */
export function checkNamed(items: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  for (const item of items) {
    const key = requireKey(item, mergeKey)[mergeKey]
    const at = order.findIndex(named => !isRecord(named) || named[mergeKey] === key)
    if (at >= 0 && !isRecord(order[at])) throw new StrategicMergeError(`value for key ${at} is not a map`)
  }
}

function sameItem(a: unknown, b: unknown, mergeKey: string | undefined): boolean {
  return mergeKey === undefined ? a === b : requireKey(a, mergeKey)[mergeKey] === requireKey(b, mergeKey)[mergeKey]
}

/**
 * Items named in `order` follow its order, the others that of `before`; both are merged so that an item of `before` precedes a named one if
 * it did so in `before`.
 */
export function orderBy(
  items: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const identity = identityBy(mergeKey)
  const [ordered, earlier] = [placesOf(order, identity), placesOf(before, identity)]
  const isNamed = (item: unknown): boolean => ordered.has(identity(item))
  const named = sortBy(items.filter(isNamed), ordered, identity)
  const others = sortBy(
    items.filter(item => !isNamed(item)),
    earlier,
    identity,
  )
  const result: unknown[] = []
  let next = 0
  for (const item of others) {
    for (; next < named.length; next++) {
      const left = earlier.get(identity(item))
      const right = earlier.get(identity(named[next]))
      if (left !== undefined && right !== undefined && left < right) break
      result.push(named[next])
    }
    result.push(item)
  }
  return [...result, ...named.slice(next)]
}

function placesOf(list: readonly unknown[], identity: Identity): ReadonlyMap<unknown, number> {
  const places = new Map<unknown, number>()
  list.forEach((item, index) => {
    if (!places.has(identity(item))) places.set(identity(item), index)
  })
  return places
}

/** Go sorts up to this many items by insertion, longer lists in blocks of this size. */
const insertionLimit = 20

/**
 * By place. Items without a place (new ones that the patch's order does not name) end where upstream's sort leaves them: it treats them as
 * less than any other item, and any item as less than them. In longer lists they come first, in reverse order.
 */
function sortBy(items: unknown[], places: ReadonlyMap<unknown, number>, identity: Identity): unknown[] {
  const placeOf = (item: unknown): number | undefined => places.get(identity(item))
  const without = items.filter(item => placeOf(item) === undefined)
  if (without.length > 0 && items.length <= insertionLimit) return sortByInsertion(items, placeOf)
  const within = items.filter(item => placeOf(item) !== undefined)
  return [...without.reverse(), ...within.sort((a, b) => (placeOf(a) ?? 0) - (placeOf(b) ?? 0))]
}

function sortByInsertion(items: readonly unknown[], placeOf: (item: unknown) => number | undefined): unknown[] {
  const result: unknown[] = []
  for (const item of items) {
    const place = placeOf(item)
    const stays = (before: unknown): boolean => place !== undefined && (placeOf(before) ?? Number.POSITIVE_INFINITY) <= place
    result.splice(result.findLastIndex(stays) + 1, 0, item)
  }
  return result
}
