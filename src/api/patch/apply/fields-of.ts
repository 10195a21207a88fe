// All paths that an object sets: what an apply configuration owns.
import { isRecord } from '../../schema/compile.ts'
import { emptySet, type FieldSet, member, sorted } from './field-set.ts'
import { itemElement } from './path-element.ts'
import { memberShape, resolve, type Shape } from './shape.ts'

export function fieldsOf(object: unknown, shape: Shape): FieldSet {
  return nodeOf(object, shape, false) ?? emptySet
}

function nodeOf(value: unknown, shape: Shape, isIn: boolean): FieldSet | undefined {
  const resolved = resolve(shape, value)
  if (resolved.kind === 'leaf') return member
  const below = resolved.kind === 'list' ? itemsOf(value, resolved.item, item => itemElement(resolved, item)) : undefined
  const members = resolved.kind === 'list' ? below : membersOf(value, resolved)
  if (members === undefined) return isIn ? member : undefined
  return isIn ? { '.': member, ...sorted(members) } : sorted(members)
}

function membersOf(
  value: unknown,
  shape: Exclude<ReturnType<typeof resolve>, { kind: 'leaf' | 'list' }>,
): Record<string, FieldSet> | undefined {
  if (!isRecord(value)) return undefined
  let below: Record<string, FieldSet> | undefined
  for (const name in value) {
    const inner = value[name]
    if (inner === undefined) continue
    // A struct's field counts through what it holds; whatever else, and what holds nothing, is a path of its own.
    const isIn = inner === null || isEmptyRecord(inner) || shape.kind === 'map' || shape.field(name) === undefined
    const node = nodeOf(inner, memberShape(shape, name), isIn)
    if (node === undefined) continue
    below ??= {}
    below[`f:${name}`] = node
  }
  return below
}

function itemsOf(value: unknown, item: Shape, elementOf: (item: unknown) => string): Record<string, FieldSet> | undefined {
  if (!Array.isArray(value)) return undefined
  let below: Record<string, FieldSet> | undefined
  for (const each of value) {
    const element = elementOf(each)
    below ??= {}
    // Items of one name are owned as a whole.
    below[element] = below[element] === undefined ? (nodeOf(each, item, true) ?? member) : member
  }
  return below
}

function isEmptyRecord(value: unknown): boolean {
  if (!isRecord(value)) return false
  for (const _ in value) return false
  return true
}
