// Merges lists in a strategic merge patch: scalars as a set, objects by their merge key.

import { goFormat, goFormatString, goType } from '../go-text/go-format.ts'
import { isRecord } from '../schema/compile.ts'
import type { SchemaType } from '../schema/model.ts'
import { type JsonObject, patchDirective, StrategicMergeError } from './directives.ts'
import { orderBy, requireKey } from './element-order.ts'

export interface ListMerge {
  readonly mergeKey: string | undefined
  readonly item: SchemaType | undefined
  /** The patch names scalars to delete. */
  readonly deletes: boolean
  /** Merges two objects with the same key. */
  mergeItems(old: JsonObject, patch: JsonObject): JsonObject
}

export interface MergedList {
  readonly items: readonly unknown[]
  /** Former positions of items, for the order list of the same patch. */
  readonly before: readonly unknown[]
}

export function mergeList(old: readonly unknown[], patch: readonly unknown[], merge: ListMerge): MergedList {
  if (old.length === 0 && patch.length === 0) return { items: old, before: old }
  const { mergeKey, item } = merge
  if (typeOfItems(old, patch) !== 'map[string]interface {}') {
    if (merge.deletes) {
      const gone = new Set(patch)
      return { items: old.filter(member => !gone.has(member)), before: old }
    }
    const merged = [...new Set([...old, ...patch])]
    if (mergeKey !== undefined) for (const member of merged) requireKey(member, mergeKey)
    return { items: orderBy(merged, patch, old, undefined), before: old }
  }
  if (mergeKey === undefined) throw new StrategicMergeError(`cannot merge lists without merge key for ${item?.kind ?? 'interface'}`)
  const { base, items, slots } = applyDirectives(old, patch, mergeKey)
  const merged = [...base]
  const places = new Map<unknown, number>()
  base.forEach((member, index) => {
    if (isRecord(member) && Object.hasOwn(member, mergeKey) && !places.has(member[mergeKey])) places.set(member[mergeKey], index)
  })
  for (const element of items) {
    const key = requireKey(element, mergeKey)[mergeKey]
    const at = places.get(key)
    const found = at === undefined ? undefined : merged[at]
    if (at === undefined || !isRecord(found)) {
      places.set(key, merged.length)
      if (merged.length < slots.length) slots[merged.length] = element
      merged.push(element)
    } else merged[at] = merge.mergeItems(found, element)
  }
  for (const member of merged) requireKey(member, mergeKey)
  return { items: orderBy(merged, items, base, mergeKey), before: slots }
}

interface Directed {
  /** The list after the patch's deletions and replacement. */
  readonly base: readonly unknown[]
  /** The items that the patch adds. */
  readonly items: JsonObject[]
  /**
   * The list as upstream leaves it: it deletes in place, so later items move up, the last positions keep their old content, and new items
   * fill them. The order list of the same patch is validated against it.
   */
  readonly slots: unknown[]
}

function applyDirectives(old: readonly unknown[], patch: readonly unknown[], mergeKey: string): Directed {
  const items: JsonObject[] = []
  const places = new Map<unknown, number[]>()
  old.forEach((member, at) => {
    if (!isRecord(member) || !Object.hasOwn(member, mergeKey)) return
    const known = places.get(member[mergeKey])
    if (known === undefined) places.set(member[mergeKey], [at])
    else known.push(at)
  })
  const gone = new Set<number>()
  /** The old content of the last positions, from the last one on: in each, the last item before a deletion. */
  const leftover: unknown[] = []
  let last = old.length - 1
  const remove = (key: unknown): void => {
    for (const at of places.get(key) ?? []) {
      while (gone.has(last)) last--
      leftover.push(old[last])
      gone.add(at)
    }
    places.delete(key)
  }
  let replaces = false
  for (const element of patch.filter(isRecord)) {
    if (!Object.hasOwn(element, patchDirective)) {
      items.push(element)
      continue
    }
    const directive = element[patchDirective]
    if (directive === 'delete') remove(requireKey(element, mergeKey)[mergeKey])
    else if (directive === 'replace') replaces = true
    else if (directive === 'merge') throw new StrategicMergeError('merging lists cannot yet be specified in the patch')
    else throw new StrategicMergeError(`unknown patch type: ${goFormatString(directive)} in map: ${goFormat(element)}`)
  }
  const base = old.filter((_member, at) => !gone.has(at))
  const slots = [...base, ...leftover.reverse()]
  return replaces ? { base: items, items: [], slots } : { base, items, slots }
}

/** The common Go type of all items. Throws if they differ, are lists, or have none. */
export function typeOfItems(...lists: readonly (readonly unknown[])[]): string {
  let type: string | undefined
  for (const item of lists.flat(1)) {
    const own = goType(item)
    if (type === undefined && Array.isArray(item)) throw new StrategicMergeError('lists of lists are not supported', 'listOfLists')
    if ((type !== undefined && type !== own) || item === null) {
      throw new StrategicMergeError(`list element types are not identical: ${goFormat(lists)}`)
    }
    type = own
  }
  if (type === undefined) throw new StrategicMergeError('no elements in any of the given slices')
  return type
}
