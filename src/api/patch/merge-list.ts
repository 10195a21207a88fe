// Merging of lists in a strategic merge patch: scalars as a set, objects by their merge key.
import { isRecord } from '../schema/compile.ts'
import type { SchemaType } from '../schema/model.ts'
import { type JsonObject, patchDirective, StrategicMergeError } from './directives.ts'
import { orderBy, requireKey } from './element-order.ts'
import { goFormat, goString, goType } from './go-format.ts'

export interface ListMerge {
  readonly mergeKey: string | undefined
  readonly item: SchemaType | undefined
  /** The patch names scalars to remove. */
  readonly deletes: boolean
  /** Merges two objects with the same key. */
  mergeItems(old: JsonObject, patch: JsonObject): JsonObject
}

export function mergeList(old: readonly unknown[], patch: readonly unknown[], merge: ListMerge): readonly unknown[] {
  if (old.length === 0 && patch.length === 0) return old
  const { mergeKey, item } = merge
  if (typeOfItems(old, patch) !== 'map[string]interface {}') {
    if (merge.deletes) {
      const gone = new Set(patch)
      return old.filter(member => !gone.has(member))
    }
    return orderBy([...new Set([...old, ...patch])], patch, old, undefined)
  }
  if (mergeKey === undefined) throw new StrategicMergeError(`cannot merge lists without merge key for ${item?.kind ?? 'interface'}`)
  const { base, items } = applyDirectives(old, patch, mergeKey)
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
      merged.push(element)
    } else merged[at] = merge.mergeItems(found, element)
  }
  for (const member of merged) requireKey(member, mergeKey)
  return orderBy(merged, items, base, mergeKey)
}

/** What is left of the list after the deletions and the replacement that a patch asks for, and the items that it brings. */
function applyDirectives(
  old: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
): { base: readonly unknown[]; items: JsonObject[] } {
  const items: JsonObject[] = []
  const gone = new Set<unknown>()
  let replaces = false
  for (const element of patch.filter(isRecord)) {
    if (!Object.hasOwn(element, patchDirective)) {
      items.push(element)
      continue
    }
    const directive = element[patchDirective]
    if (directive === 'delete') gone.add(requireKey(element, mergeKey)[mergeKey])
    else if (directive === 'replace') replaces = true
    else if (directive === 'merge') throw new StrategicMergeError('merging lists cannot yet be specified in the patch')
    else throw new StrategicMergeError(`unknown patch type: ${goString(directive)} in map: ${goFormat(element)}`)
  }
  if (replaces) return { base: items, items: [] }
  if (gone.size === 0) return { base: old, items }
  const isGone = (member: unknown): boolean => isRecord(member) && Object.hasOwn(member, mergeKey) && gone.has(member[mergeKey])
  return { base: old.filter(member => !isGone(member)), items }
}

/** The one Go type of all items. Throws where they differ, are lists, or are none. */
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
