// Compares two objects in one walk along the schema.
import { isKnownLarge } from '../../../base/data/large-record.ts'
import { getOwn } from '../../../base/data/own-property.ts'
import { isRecord } from '../../schema/compile.ts'
import { type FieldSet, member, NodeDraft } from './field-set.ts'
import { type ListShape, type MapShape, memberShape, resolve, type Shape, type StructShape } from './shape.ts'
import { groupItems, wholeSet } from './whole-set.ts'

export const added = 1
export const modified = 2
export const removed = 4

/** How the path itself differs (0: it does not), and the differences below it; for an added or removed value its paths. */
export interface Difference {
  readonly kind: number
  readonly below: Differences | undefined
  readonly whole: FieldSet | undefined
}

/** By element. No Map: for thousands of members, its hashing would take longer than the comparison. */
type Differences = (readonly [element: string, difference: Difference])[]

/**
 * Undefined if nothing differs. `undefined` is absent and `null` is present. Throws `UnnamedItem` for an item of a keyed list without its
 * keys, which validation admits in no built-in kind.
 */
export function compare(old: unknown, next: unknown, shape: Shape): Difference | undefined {
  if (old === next) return undefined
  if (old === undefined) return shape.kind === 'leaf' ? leafAdded : { kind: added, below: undefined, whole: wholeSet(next, shape) }
  if (next === undefined) return shape.kind === 'leaf' ? leafRemoved : { kind: removed, below: undefined, whole: wholeSet(old, shape) }
  return compareParts(old, next, shape)
}

/** The same, with all differences in `below`. */
function compareParts(old: unknown, next: unknown, shape: Shape): Difference | undefined {
  if (old === next) return undefined
  if (shape.kind === 'leaf') return leafDifference(old, next)
  if (shape.kind === 'deduced') {
    const left = resolve(shape, old ?? next)
    const right = resolve(shape, next ?? old)
    // A map replaced by another type, or the reverse: its members were removed, and the path itself has a new value.
    if (left.kind === right.kind) return compareParts(old, next, left)
    return { ...changed, below: mapBelow(isRecord(old) ? old : undefined, isRecord(next) ? next : undefined, memberOfDeduced) }
  }
  if (shape.kind === 'list') {
    const left = Array.isArray(old) ? old : []
    const right = Array.isArray(next) ? next : []
    if (left.length === 0 && right.length === 0) return leafDifference(old, next)
    return withOwn(old, next, compareItems(left, right, shape))
  }
  const left = isRecord(old) ? old : undefined
  const right = isRecord(next) ? next : undefined
  if (isBare(left) && isBare(right)) return leafDifference(old, next)
  return withOwn(old, next, mapBelow(left, right, shape))
}

const memberOfDeduced: MapShape = { kind: 'map', item: { kind: 'deduced' } }

function isBare(value: Record<string, unknown> | undefined): boolean {
  if (value === undefined) return true
  // Values read from JSON have no undefined members.
  if (isKnownLarge(value)) return false
  for (const name in value) if (value[name] !== undefined) return false
  return true
}

function leafDifference(old: unknown, next: unknown): Difference | undefined {
  if (old === undefined) return { ...changed, kind: added }
  if (next === undefined) return { ...changed, kind: removed }
  return equal(old, next) ? undefined : changed
}

function withOwn(old: unknown, next: unknown, below: Differences | undefined): Difference | undefined {
  const kind = old === undefined ? added : next === undefined ? removed : 0
  return kind === 0 && below === undefined ? undefined : { kind, below, whole: undefined }
}

function mapBelow(
  old: Record<string, unknown> | undefined,
  next: Record<string, unknown> | undefined,
  shape: StructShape | MapShape,
): Differences | undefined {
  let below: Differences | undefined
  if (next !== undefined) {
    for (const name in next) {
      const right = next[name]
      const left = old && getOwn(old, name)
      if (left === right || (right === null && left === undefined && old !== undefined && isNullWhenAbsent(shape, name))) continue
      const difference = compare(left, right, memberShape(shape, name))
      if (difference === undefined) continue
      below ??= []
      below.push([`f:${name}`, difference])
    }
  }
  if (old !== undefined) {
    for (const name in old) {
      if (old[name] === undefined || (next !== undefined && getOwn(next, name) !== undefined)) continue
      const isNull = next !== undefined && isNullWhenAbsent(shape, name)
      if (isNull && old[name] === null) continue
      const difference = isNull ? changed : compare(old[name], undefined, memberShape(shape, name))
      if (difference === undefined) continue
      below ??= []
      below.push([`f:${name}`, difference])
    }
  }
  return below
}

const changed: Difference = Object.freeze({ kind: modified, below: undefined, whole: undefined })
const leafAdded: Difference = Object.freeze({ kind: added, below: undefined, whole: member })
const leafRemoved: Difference = Object.freeze({ kind: removed, below: undefined, whole: member })

function isNullWhenAbsent(shape: StructShape | MapShape, name: string): boolean {
  return shape.kind === 'struct' && shape.isNullWhenAbsent(name)
}

function compareItems(old: readonly unknown[], next: readonly unknown[], shape: ListShape): Differences | undefined {
  const left = groupItems(old, shape)
  const right = groupItems(next, shape)
  let below: Differences | undefined
  const put = (element: string, difference: Difference | undefined): void => {
    if (difference === undefined) return
    below ??= []
    below.push([element, difference])
  }
  for (const [element, items] of left) put(element, compareGroups(items, right.get(element) ?? none, shape))
  for (const [element, items] of right) if (!left.has(element)) put(element, compareGroups(none, items, shape))
  return below
}

const none: readonly unknown[] = []

/** Items of one name: usually one on each side. Several change as a whole. */
function compareGroups(old: readonly unknown[], next: readonly unknown[], shape: ListShape): Difference | undefined {
  if (old.length <= 1 && next.length <= 1) return compare(old[0], next[0], shape.item)
  if (old.length > 1 && next.length > 1) return equal(old, next) ? undefined : changed
  if (old.length > 1)
    return { ...changed, kind: removed | (next.length > 0 ? added : 0), below: compareParts(undefined, next[0], shape.item)?.below }
  return { ...changed, kind: added | (old.length > 0 ? removed : 0), below: compareParts(old[0], undefined, shape.item)?.below }
}

/** The paths that differ in one of these ways. */
export function pathsOf(difference: Difference | undefined, kinds: number): FieldSet {
  return (difference && nodeOf(difference, kinds)) ?? member
}

function nodeOf({ kind, below, whole }: Difference, kinds: number): FieldSet | undefined {
  const isIn = (kind & kinds) !== 0
  if (whole !== undefined) return isIn ? whole : undefined
  if (below === undefined) return isIn ? member : undefined
  const draft = new NodeDraft(isIn)
  for (const [element, difference] of below) {
    const node = nodeOf(difference, kinds)
    if (node !== undefined) draft.add(element, node)
  }
  return draft.finished()
}

/** Whether `next` is exactly the same, including the order of items; empty and absent differ. */
export function isUnchanged(old: unknown, next: unknown, shape: Shape): boolean {
  if (old === next) return true
  const resolved = resolve(shape, next)
  if (resolved.kind === 'leaf') return equal(old, next)
  if (resolved.kind === 'list') {
    if (!Array.isArray(old) || !Array.isArray(next)) return equal(old, next)
    return old.length === next.length && old.every((item, index) => isUnchanged(item, next[index], resolved.item))
  }
  if (!isRecord(old) || !isRecord(next)) return equal(old, next)
  const same = (name: string): boolean => {
    const left = getOwn(old, name)
    const right = getOwn(next, name)
    if (isUnchanged(left, right, memberShape(resolved, name))) return true
    return (left ?? null) === null && (right ?? null) === null && isNullWhenAbsent(resolved, name)
  }
  for (const name in next) if (!same(name)) return false
  for (const name in old) if (getOwn(next, name) === undefined && !same(name)) return false
  return true
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
  if (!isRecord(a) || !isRecord(b)) return false
  for (const name in a) if (!equal(a[name], getOwn(b, name))) return false
  for (const name in b) if (b[name] !== undefined && getOwn(a, name) === undefined) return false
  return true
}
