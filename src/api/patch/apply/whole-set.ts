// The paths of a value that came or went as a whole: there is nothing to compare it with, so they are made at once.
import { isRecord } from '../../schema/compile.ts'
import { type FieldSet, member, setOf } from './field-set.ts'
import { itemElement } from './path-element.ts'
import { type ListShape, type MapShape, memberShape, resolve, type Shape, type StructShape } from './shape.ts'

/** With the path of the value itself; `came` is false for one that went. Throws `UnnamedItem`. */
export function wholeSet(value: unknown, shape: Shape, came: boolean): FieldSet {
  const resolved = resolve(shape, value)
  switch (resolved.kind) {
    case 'leaf':
      return member
    case 'list':
      return Array.isArray(value) ? setOfItems(value, resolved, came) : member
    default:
      return isRecord(value) ? setOfMembers(value, resolved, came) : member
  }
}

function setOfMembers(value: Readonly<Record<string, unknown>>, shape: StructShape | MapShape, came: boolean): FieldSet {
  const below = new Map<string, FieldSet>()
  for (const name in value) {
    const inner = value[name]
    if (inner !== undefined) below.set(`f:${name}`, wholeSet(inner, memberShape(shape, name), came))
  }
  return setOf(below, true) ?? member
}

/** Of several items of one name the first counts where they came, and none by itself where they went. */
function setOfItems(items: readonly unknown[], shape: ListShape, came: boolean): FieldSet {
  const below = new Map<string, FieldSet>()
  for (const [element, [first, ...more]] of groupItems(items, shape))
    below.set(element, more.length > 0 && !came ? member : wholeSet(first, shape.item, came))
  return setOf(below, true) ?? member
}

export function groupItems(items: readonly unknown[], shape: ListShape): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>()
  for (const item of items) {
    const element = itemElement(shape, item)
    const group = groups.get(element)
    if (group === undefined) groups.set(element, [item])
    else group.push(item)
  }
  return groups
}
