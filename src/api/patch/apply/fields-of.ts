// All paths that an object sets: those that an apply configuration owns.
import { isRecord } from '../../schema/compile.ts'
import { emptySet, type FieldSet, member, NodeDraft } from './field-set.ts'
import { elementIfNamed, itemElement } from './path-element.ts'
import { type ListShape, type MapShape, memberShape, resolve, type Shape, type StructShape } from './shape.ts'

export function fieldsOf(object: unknown, shape: Shape): FieldSet {
  return nodeOf(object, shape, false) ?? emptySet
}

function nodeOf(value: unknown, shape: Shape, isIn: boolean): FieldSet | undefined {
  const resolved = resolve(shape, value)
  if (resolved.kind === 'leaf') return member
  const draft = new NodeDraft(isIn)
  if (resolved.kind === 'list') addItems(value, resolved, draft)
  else addMembers(value, resolved, draft)
  return draft.finished()
}

function addMembers(value: unknown, shape: StructShape | MapShape, draft: NodeDraft): void {
  if (!isRecord(value)) return
  for (const name in value) {
    const inner = value[name]
    if (inner === undefined) continue
    // A struct's field counts through its content; any other value, and an empty one, is a path of its own.
    const isIn = inner === null || isEmptyRecord(inner) || shape.kind === 'map' || shape.field(name) === undefined
    const node = nodeOf(inner, memberShape(shape, name), isIn)
    if (node !== undefined) draft.add(`f:${name}`, node)
  }
}

function addItems(value: unknown, shape: ListShape, draft: NodeDraft): void {
  if (!Array.isArray(value)) return
  for (const each of value) {
    const element = elementIfNamed(shape, each)
    // Items of one name are owned as a whole; an item without a name, as pruning may leave it, is owned by no one.
    if (element !== undefined) draft.add(element, draft.has(element) ? member : (nodeOf(each, shape.item, true) ?? member))
  }
}

/** Throws `UnnamedItem` for an item of a keyed list without its keys. */
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
