// The paths of a value that was added or removed as a whole: no comparison is needed.
import { isRecord } from '../../schema/compile.ts'
import { type FieldSet, member, NodeDraft } from './field-set.ts'
import { itemElement } from './path-element.ts'
import { type ListShape, type MapShape, memberShape, resolve, type Shape, type StructShape } from './shape.ts'

/** With the path of the value itself. Throws `UnnamedItem`. */
export function wholeSet(value: unknown, shape: Shape): FieldSet {
  const resolved = resolve(shape, value)
  switch (resolved.kind) {
    case 'leaf':
      return member
    case 'list':
      return Array.isArray(value) ? setOfItems(value, resolved) : member
    default:
      return isRecord(value) ? setOfMembers(value, resolved) : member
  }
}

function setOfMembers(value: Readonly<Record<string, unknown>>, shape: StructShape | MapShape): FieldSet {
  const node = new NodeDraft(true)
  for (const name in value) {
    const inner = value[name]
    if (inner !== undefined) node.add(`f:${name}`, wholeSet(inner, memberShape(shape, name)))
  }
  if (shape.kind === 'struct') for (const name of shape.leftOut) if (value[name] === undefined) node.add(`f:${name}`, member)
  return node.finished() ?? member
}

/** Several items of one name are added and removed as one. */
function setOfItems(items: readonly unknown[], shape: ListShape): FieldSet {
  const node = new NodeDraft(true)
  for (const [element, [first, ...more]] of groupItems(items, shape))
    node.add(element, more.length > 0 ? member : wholeSet(first, shape.item))
  return node.finished() ?? member
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
