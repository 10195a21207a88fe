// All paths that an object sets: what an apply configuration owns.
import { isRecord } from '../../schema/compile.ts'
import { emptySet, type FieldSet, member, setOf } from './field-set.ts'
import { elementIfNamed, itemElement } from './path-element.ts'
import { type ListShape, memberShape, resolve, type Shape } from './shape.ts'

export function fieldsOf(object: unknown, shape: Shape): FieldSet {
  return nodeOf(object, shape, false) ?? emptySet
}

function nodeOf(value: unknown, shape: Shape, isIn: boolean): FieldSet | undefined {
  const resolved = resolve(shape, value)
  if (resolved.kind === 'leaf') return member
  const below = resolved.kind === 'list' ? itemsOf(value, resolved) : undefined
  const members = resolved.kind === 'list' ? below : membersOf(value, resolved)
  return (members && setOf(members, isIn)) ?? (isIn ? member : undefined)
}

function membersOf(
  value: unknown,
  shape: Exclude<ReturnType<typeof resolve>, { kind: 'leaf' | 'list' }>,
): Map<string, FieldSet> | undefined {
  if (!isRecord(value)) return undefined
  const below = new Map<string, FieldSet>()
  for (const name in value) {
    const inner = value[name]
    if (inner === undefined) continue
    // A struct's field counts through what it holds; whatever else, and what holds nothing, is a path of its own.
    const isIn = inner === null || isEmptyRecord(inner) || shape.kind === 'map' || shape.field(name) === undefined
    const node = nodeOf(inner, memberShape(shape, name), isIn)
    if (node !== undefined) below.set(`f:${name}`, node)
  }
  return below
}

function itemsOf(value: unknown, shape: ListShape): Map<string, FieldSet> | undefined {
  if (!Array.isArray(value)) return undefined
  const below = new Map<string, FieldSet>()
  for (const each of value) {
    const element = elementIfNamed(shape, each)
    // Items of one name are owned as a whole, and one without a name, as pruning may leave it, is nobody's.
    if (element !== undefined) below.set(element, below.has(element) ? member : (nodeOf(each, shape.item, true) ?? member))
  }
  return below
}

/** Throws `UnnamedItem` for an item of a keyed list that its keys do not name. */
export function nameItems(value: unknown, shape: Shape): void {
  const resolved = resolve(shape, value)
  switch (resolved.kind) {
    case 'leaf':
      return
    case 'list':
      if (!Array.isArray(value)) return
      for (const item of value) {
        itemElement(resolved, item)
        nameItems(item, resolved.item)
      }
      return
    default:
      if (!isRecord(value) || (resolved.kind === 'map' && resolved.item.kind === 'leaf')) return
      for (const name in value) nameItems(value[name], memberShape(resolved, name))
  }
}

function isEmptyRecord(value: unknown): boolean {
  if (!isRecord(value)) return false
  for (const _ in value) return false
  return true
}
