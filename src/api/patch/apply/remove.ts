// Removes the paths of a set from an object.
import { setOwn } from '../../../base/data/own-property.ts'
import { isRecord } from '../../schema/compile.ts'
import { type FieldSet, isEmpty, isMember } from './field-set.ts'
import { elementIfNamed } from './path-element.ts'
import { memberShape, resolve, type Shape } from './shape.ts'

/** A map or list that becomes empty is null. Does not modify `value`. */
export function removeFields(value: unknown, set: FieldSet, shape: Shape): unknown {
  const resolved = resolve(shape, value)
  if (isEmpty(set)) return value
  if (resolved.kind === 'leaf') return typeof value === 'object' ? null : value
  if (resolved.kind === 'list') {
    if (!Array.isArray(value)) return null
    const items: unknown[] = []
    for (const item of value) {
      const element = elementIfNamed(resolved, item)
      const below = element === undefined ? undefined : set[element]
      if (below === undefined) items.push(item)
      else if (!isMember(below)) items.push(removeFields(item, below, resolved.item))
    }
    return items.length === 0 ? null : items
  }
  if (!isRecord(value)) return null
  const result: Record<string, unknown> = {}
  let size = 0
  for (const name in value) {
    const below = set[`f:${name}`]
    if (below !== undefined && isMember(below)) continue
    setOwn(result, name, below === undefined ? value[name] : removeFields(value[name], below, memberShape(resolved, name)))
    size++
  }
  return size === 0 ? null : result
}
