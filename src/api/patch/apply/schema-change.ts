// Updates managers after the schema of a custom resource changed: a map or list that became atomic is owned as a whole.
import { type FieldSet, isEmpty, member, sorted } from './field-set.ts'
import { type Managers, withSet } from './managers.ts'
import { memberShape, type Shape } from './shape.ts'
import type { FieldWrite } from './track-update.ts'

/**
 * Modifies `managers` whose sets name parts of a value that is now atomic: the owner of a part owns the whole. A value that became granular
 * keeps its path. Returns whether anything changed. Built-in schemas do not change, so their managers are skipped.
 */
export function followSchema(managers: Managers, write: Pick<FieldWrite, 'apiVersion' | 'shape' | 'type' | 'version'>): boolean {
  if (write.type !== undefined) return false
  let changed = false
  for (const [key, manager] of managers) {
    const shape = manager.apiVersion === write.apiVersion ? write.shape : write.version(manager.apiVersion)?.shape
    const set = shape === undefined ? manager.set : withWholes(manager.set, shape)
    if (set === manager.set) continue
    managers.set(key, withSet(manager, set))
    changed = true
  }
  return changed
}

/** `set` itself if it names no part of an atomic value. */
function withWholes(set: FieldSet, shape: Shape): FieldSet {
  if (shape.kind === 'leaf') return shape.atomic === true && !isEmpty(set) ? member : set
  if (shape.kind === 'deduced') return set
  let result: Record<string, FieldSet> | undefined
  for (const element in set) {
    const below = set[element]
    if (element === '.' || below === undefined || isEmpty(below)) continue
    const next = withWholes(below, shape.kind === 'list' ? shape.item : memberShape(shape, element.slice(2)))
    if (next !== below) result = { ...(result ?? set), [element]: next }
  }
  return result === undefined ? set : sorted(result)
}
