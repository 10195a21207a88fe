// What managers have after the schema of a custom resource changed: what was owned part by part and changes as a whole from now on.
import { type FieldSet, isEmpty, member, sorted } from './field-set.ts'
import { type Managers, withSet } from './managers.ts'
import { memberShape, type Shape } from './shape.ts'
import type { FieldWrite } from './track-update.ts'

/**
 * Changes `managers` where their sets name parts of what is atomic now; whoever had a part has the whole. What became granular needs nothing: its
 * path stays. Returns whether anything changed. Built-in schemas do not change, so their managers are left alone.
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

/** `set` itself where it names no part of what is atomic. */
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
