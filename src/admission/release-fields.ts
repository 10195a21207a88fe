// Fields that admission fills in belong to no manager: a client that sent them empty must not remove them by applying again.
import type { ObjectMeta } from '../api/object.ts'
import { isJsonObject } from '../base/json.ts'

/** Paths by their elements; a node without children ends a path. */
type Tree = Map<string, Tree>

/**
 * `paths` in the form of `fieldsV1`: `f:spec`, `k:{"name":"c"}`. Only fields that were managed as an empty whole are released. All at once,
 * so that a set is copied once.
 */
export function releaseFields(metadata: ObjectMeta, paths: readonly (readonly string[])[]): void {
  const { managedFields } = metadata
  if (managedFields === undefined || paths.length === 0) return
  const tree = treeOf(paths)
  // Objects of one form share sets, so none is changed in place.
  metadata.managedFields = managedFields.map(entry => {
    const fieldsV1 = without(entry.fieldsV1, tree)
    return fieldsV1 === entry.fieldsV1 ? entry : { ...entry, fieldsV1 }
  })
}

function treeOf(paths: readonly (readonly string[])[]): Tree {
  const root: Tree = new Map()
  for (const path of paths) {
    let at = root
    for (const element of path) {
      const below: Tree = at.get(element) ?? new Map()
      at.set(element, below)
      at = below
    }
  }
  return root
}

function without(set: unknown, tree: Tree): unknown {
  if (!isJsonObject(set)) return set
  let left: Record<string, unknown> | undefined
  for (const [element, below] of tree) {
    const child = set[element]
    if (!isJsonObject(child)) continue
    if (below.size > 0) {
      const rest = without(child, below)
      if (rest === child) continue
      left ??= { ...set }
      left[element] = rest
    } else if (Object.keys(child).length === 0) {
      left ??= { ...set }
      delete left[element]
    }
  }
  return left ?? set
}
