// What of a new object decides which paths it sets: the names of its members and items, and hardly ever its values. Objects from one
// template have the same outline, so their field set is made once and recognised by a walk that allocates nothing.
import { isKnownLarge } from '../../../base/data/large-record.ts'
import { writeJson } from '../../../base/write-json.ts'
import { isRecord } from '../../schema/compile.ts'
import { equal } from './compare.ts'
import type { FieldSet } from './field-set.ts'
import type { PathFilter } from './path-filter.ts'
import { type ListShape, memberShape, resolve, type Shape } from './shape.ts'

type Outline = LeafOutline | RecordOutline | ListOutline

/** An atomic or empty value: `old` is an empty object's value there, and `same` whether the value equals it. */
interface WholeOutline {
  readonly old: unknown
  readonly same: boolean
}

interface LeafOutline extends WholeOutline {
  readonly kind: 'leaf'
  /** Without a schema, a value that is no map is a leaf. */
  readonly deduced: boolean
}

interface RecordOutline extends WholeOutline {
  readonly kind: 'record'
  readonly deduced: boolean
  /** In the order of the object; empty for a value that is no record. */
  readonly names: readonly string[]
  readonly below: readonly Outline[]
}

interface ListOutline extends WholeOutline {
  readonly kind: 'list'
  readonly shape: ListShape
  /** The key values of one item after the other, or the items themselves for a set. */
  readonly keys: readonly unknown[]
  readonly below: readonly Outline[]
}

interface Known {
  readonly filter: PathFilter
  readonly outline: Outline
  readonly set: FieldSet
}

/** Objects with more members and items are not cached, so that an entry takes at most some 10 KB. */
const maxMembers = 300
/** Per kind; the least recently used is dropped first. */
const maxOutlines = 8

/** By the empty object of the kind. */
const known = new WeakMap<object, Known[]>()

/**
 * The field set of a new object, from `make` if no cached object of its kind has the same outline. `empty` and `filter` are compared by
 * identity; the result of `make` must depend only on them, the shape and the outline. The set is shared: never modify it.
 */
export function fieldsOfOutline(object: unknown, shape: Shape, empty: object, filter: PathFilter, make: () => FieldSet): FieldSet {
  const recent = known.get(empty) ?? []
  for (let i = 0; i < recent.length; i++) {
    const candidate = recent[i]
    if (candidate === undefined || candidate.filter !== filter || !matches(candidate.outline, object)) continue
    // Moves it to the front, unless it is already there.
    if (i > 0) recent.unshift(...recent.splice(i, 1))
    return candidate.set
  }
  const set = make()
  const outline = outlineOf(object, shape, empty, { members: 0 })
  if (outline === undefined) return set
  recent.unshift({ filter, outline, set })
  texts.set(set, writeJson(set))
  if (recent.length > maxOutlines) recent.pop()
  known.set(empty, recent)
  return set
}

const texts = new WeakMap<object, string>()

/** The JSON of a set that many objects share, serialized once; undefined for any other value. */
export function sharedText(set: unknown): string | undefined {
  return typeof set === 'object' && set !== null ? texts.get(set) : undefined
}

/** Undefined if it is too large. */
function outlineOf(value: unknown, shape: Shape, old: unknown, tally: { members: number }): Outline | undefined {
  const resolved = resolve(shape, value)
  const whole = { old, same: old !== undefined && equal(old, value) }
  switch (resolved.kind) {
    case 'leaf':
      return { kind: 'leaf', ...whole, deduced: shape.kind === 'deduced' }
    case 'list':
      return listOutline(Array.isArray(value) ? value : [], resolved, whole, tally)
    default: {
      const names: string[] = []
      const below: Outline[] = []
      const record = isRecord(value) ? value : {}
      if (isKnownLarge(record)) return undefined
      const before = isRecord(old) ? old : {}
      for (const name in record) {
        if (record[name] === undefined) continue
        if (++tally.members > maxMembers) return undefined
        const inner = outlineOf(record[name], memberShape(resolved, name), before[name], tally)
        if (inner === undefined) return undefined
        names.push(name)
        below.push(inner)
      }
      return { kind: 'record', ...whole, deduced: shape.kind === 'deduced', names, below }
    }
  }
}

function listOutline(items: readonly unknown[], shape: ListShape, whole: WholeOutline, tally: { members: number }): Outline | undefined {
  const keys: unknown[] = []
  const below: Outline[] = []
  for (const item of items) {
    if (++tally.members > maxMembers) return undefined
    if (shape.keys.length === 0) keys.push(item)
    else for (const key of shape.keys) keys.push(keyOf(item, key.name, key.default))
    const inner = outlineOf(item, shape.item, undefined, tally)
    if (inner === undefined) return undefined
    below.push(inner)
  }
  return { kind: 'list', ...whole, shape, keys, below }
}

function keyOf(item: unknown, name: string, absent: unknown): unknown {
  if (!isRecord(item)) return undefined
  return item[name] === undefined ? absent : item[name]
}

function matches(outline: Outline, value: unknown): boolean {
  switch (outline.kind) {
    case 'leaf':
      return matchesWhole(outline, value) && !(outline.deduced && isRecord(value))
    case 'record':
      return matchesMembers(outline, value)
    case 'list':
      return matchesItems(outline, Array.isArray(value) ? value : noItems) && (outline.below.length > 0 || matchesWhole(outline, value))
  }
}

const noItems: readonly unknown[] = []

function matchesWhole({ old, same }: WholeOutline, value: unknown): boolean {
  return old === undefined || equal(old, value) === same
}

function matchesMembers(outline: RecordOutline, value: unknown): boolean {
  const { names, below } = outline
  if (!isRecord(value)) return !outline.deduced && names.length === 0 && matchesWhole(outline, value)
  // No outline has such a record, and to go through it takes long even where the first member differs.
  if (isKnownLarge(value)) return false
  let next = 0
  for (const name in value) {
    const member = value[name]
    if (member === undefined) continue
    const inner = below[next]
    if (inner === undefined || names[next++] !== name || !matches(inner, member)) return false
  }
  return next === names.length && (next > 0 || matchesWhole(outline, value))
}

function matchesItems({ shape, keys, below }: ListOutline, items: readonly unknown[]): boolean {
  if (items.length !== below.length) return false
  let next = 0
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (shape.keys.length === 0) {
      if (keys[next++] !== item) return false
    } else {
      for (const key of shape.keys) if (keys[next++] !== keyOf(item, key.name, key.default)) return false
    }
    const inner = below[i]
    if (inner === undefined || !matches(inner, item)) return false
  }
  return true
}
