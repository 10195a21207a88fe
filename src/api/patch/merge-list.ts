// Merging of lists in a strategic merge patch: scalars as a set, objects by their merge key, and the order of what comes out.
import { isRecord } from '../schema/compile.ts'
import type { SchemaType } from '../schema/model.ts'
import { type JsonObject, patchDirective, StrategicMergeError, withoutDirectives } from './directives.ts'
import { goFormat } from './go-format.ts'

/** `mergeItems` merges two objects with the same key. */
export function mergeList(
  old: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string | undefined,
  item: SchemaType | undefined,
  mergeItems: (old: JsonObject, patch: JsonObject) => JsonObject,
): unknown[] {
  if (old.length === 0 && patch.length === 0) return []
  checkElements(old, patch)
  if (!isRecord(old[0] ?? patch[0])) return orderBy([...new Set([...old, ...patch])], patch, old, undefined)
  if (mergeKey === undefined) throw new StrategicMergeError(`cannot merge lists without merge key for ${item?.kind ?? 'interface'}`)

  let base = objectsOf(old, mergeKey)
  const items: JsonObject[] = []
  let replaces = false
  for (const element of patch.filter(isRecord)) {
    const directive = element[patchDirective]
    if (directive === undefined) items.push(requireKey(element, mergeKey))
    else if (directive === 'delete') {
      const gone = requireKey(element, mergeKey)[mergeKey]
      base = base.filter(member => member[mergeKey] !== gone)
    } else if (directive === 'replace') replaces = true
    else if (directive === 'merge') throw new StrategicMergeError('merging lists cannot yet be specified in the patch')
    else throw new StrategicMergeError(`unknown patch type: ${goFormat(directive)} in map: ${goFormat(element)}`)
  }
  if (replaces) base = []
  const merged = [...base]
  for (const element of items) {
    const at = merged.findIndex(member => member[mergeKey] === element[mergeKey])
    const found = merged[at]
    if (found === undefined) {
      const added = withoutDirectives(element)
      if (isRecord(added)) merged.push(added)
    } else merged[at] = mergeItems(found, element)
  }
  return orderBy(merged, items, base, mergeKey)
}

function objectsOf(list: readonly unknown[], mergeKey: string): JsonObject[] {
  return list.filter(isRecord).map(member => requireKey(member, mergeKey))
}

function requireKey(element: JsonObject, mergeKey: string): JsonObject {
  if (Object.hasOwn(element, mergeKey)) return element
  throw new StrategicMergeError(`map: ${goFormat(element)} does not contain declared merge key: ${mergeKey}`)
}

/** All elements of one type, and none a list. */
function checkElements(old: readonly unknown[], patch: readonly unknown[]): void {
  const kindOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)
  const kinds = new Set([...old, ...patch].map(kindOf))
  if (kinds.has('list')) throw new StrategicMergeError('lists of lists are not supported')
  if (kinds.size > 1) throw new StrategicMergeError(`list element types are not identical: ${goFormat([old, patch])}`)
}

/**
 * Items that `order` names come in its order, the others keep that of `before`; the two are interleaved so that an item of `before` stands in
 * front of a named one where it stood in front of it in `before`.
 */
export function orderBy(
  items: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const identity = (item: unknown): unknown => (mergeKey === undefined ? item : isRecord(item) ? item[mergeKey] : undefined)
  const places = (list: readonly unknown[]): Map<unknown, number> => {
    const map = new Map<unknown, number>()
    list.forEach((item, index) => {
      if (!map.has(identity(item))) map.set(identity(item), index)
    })
    return map
  }
  const [ordered, earlier] = [places(order), places(before)]
  const place = (map: Map<unknown, number>, item: unknown): number => map.get(identity(item)) ?? Number.MAX_SAFE_INTEGER
  const named = items.filter(item => ordered.has(identity(item))).sort((a, b) => place(ordered, a) - place(ordered, b))
  const others = items.filter(item => !ordered.has(identity(item))).sort((a, b) => place(earlier, a) - place(earlier, b))
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
