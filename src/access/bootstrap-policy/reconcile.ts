// Updates stored bootstrap objects at start without undoing additions of an administrator.
import type { KubeObject } from '../../api/object.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ClusterRole, RbacObject, RoleBinding, Subject } from '../rules/rbac-object.ts'
import { uncoveredRules } from '../rules/rule-cover.ts'
import { anySteps, indexRules } from '../rules/rule-index.ts'
import { autoupdateAnnotation } from './policy-object.ts'

export type BootstrapPlan =
  | { readonly action: 'none' }
  | { readonly action: 'create' | 'update'; readonly object: KubeObject }
  /** The role of a binding cannot be changed: delete the binding, then create `object`. */
  | { readonly action: 'recreate'; readonly object: KubeObject }

/**
 * Missing rules, subjects, labels and annotations are added; extra ones stay. An object with the autoupdate annotation "false" is not
 * changed. `existing` is not changed.
 */
export function planBootstrapObject(existing: KubeObject | undefined, expected: RbacObject): BootstrapPlan {
  if (existing === undefined) return { action: 'create', object: structuredClone(expected.object) }
  if (existing.metadata.annotations?.[autoupdateAnnotation] === 'false') return { action: 'none' }
  const isRole = expected.kind === 'Role' || expected.kind === 'ClusterRole'
  return isRole ? planRole(existing, expected.object) : planBinding(existing, expected.object)
}

function planRole(existing: ClusterRole, expected: ClusterRole): BootstrapPlan {
  const updated = structuredClone(existing)
  let changed = addMetadata(updated, expected)
  if (expected.aggregationRule === undefined) {
    // Rules of a role without an aggregation rule; the aggregation controller owns those of an aggregating role.
    const held = [indexRules(existing.rules ?? [])]
    const missing = (expected.rules ?? []).filter(rule => uncoveredRules(held, [rule], anySteps())?.length !== 0)
    if (missing.length > 0) {
      updated.rules = [...(updated.rules ?? []), ...structuredClone(missing)]
      changed = true
    }
  } else {
    const held = existing.aggregationRule?.clusterRoleSelectors ?? []
    const missing = (expected.aggregationRule.clusterRoleSelectors ?? []).filter(
      selector => !held.some(other => writeJson(other) === writeJson(selector)),
    )
    if (missing.length > 0) {
      updated.aggregationRule = { ...existing.aggregationRule, clusterRoleSelectors: [...held, ...structuredClone(missing)] }
      changed = true
    }
  }
  return changed ? { action: 'update', object: updated } : { action: 'none' }
}

function planBinding(existing: KubeObject & Partial<RoleBinding>, expected: KubeObject & Partial<RoleBinding>): BootstrapPlan {
  if (existing.roleRef?.kind !== expected.roleRef?.kind || existing.roleRef?.name !== expected.roleRef?.name) {
    // Subjects that were added for the other role are dropped: they were never granted this one.
    return { action: 'recreate', object: structuredClone(expected) }
  }
  const updated = structuredClone(existing)
  const changed = addMetadata(updated, expected)
  const subjects = union(existing.subjects ?? [], expected.subjects ?? [])
  if (subjects.length === (existing.subjects ?? []).length) return changed ? { action: 'update', object: updated } : { action: 'none' }
  updated.subjects = subjects
  return { action: 'update', object: updated }
}

function union(held: readonly Subject[], wanted: readonly Subject[]): Subject[] {
  const same = (a: Subject, b: Subject) => a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '')
  return [...held, ...wanted.filter(subject => !held.some(other => same(other, subject)))]
}

/** Adds missing labels and annotations in place; an administrator's values stay. */
function addMetadata(updated: KubeObject, expected: KubeObject): boolean {
  let changed = false
  for (const field of ['labels', 'annotations'] as const) {
    const held = updated.metadata[field] ?? {}
    for (const [key, value] of Object.entries(expected.metadata[field] ?? {})) {
      if (Object.hasOwn(held, key)) continue
      held[key] = value
      changed = true
    }
    if (Object.keys(held).length > 0) updated.metadata[field] = held
  }
  return changed
}
