// Shared by the checks of Roles and bindings.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../api/types/rbac-v1.ts'
import type { CheckedObject, ObjectSet } from './object-set.ts'

const group = 'rbac.authorization.k8s.io'

export interface LocatedRule {
  readonly on: CheckedObject
  readonly rule: PolicyRule
  /** For example `rules[0]`. */
  readonly field: string
}

export function rulesOf(set: ObjectSet): LocatedRule[] {
  return [...set.of(`roles.${group}`), ...set.of(`clusterroles.${group}`)].flatMap(on =>
    ((on.object as Role | ClusterRole).rules ?? []).map((rule, index) => ({ on, rule, field: `rules[${index}]` })),
  )
}

export interface LocatedBinding {
  readonly on: CheckedObject
  readonly binding: RoleBinding | ClusterRoleBinding
}

export function bindingsOf(set: ObjectSet): LocatedBinding[] {
  return [...set.of(`rolebindings.${group}`), ...set.of(`clusterrolebindings.${group}`)].map(on => ({
    on,
    binding: on.object as RoleBinding | ClusterRoleBinding,
  }))
}

export interface LocatedSubject extends LocatedBinding {
  readonly subject: Subject
  /** For example `subjects[0]`. */
  readonly field: string
}

export function subjectsOf(set: ObjectSet): LocatedSubject[] {
  return bindingsOf(set).flatMap(located =>
    (located.binding.subjects ?? []).map((subject, index) => ({ ...located, subject, field: `subjects[${index}]` })),
  )
}

const covers = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.some(entry => entry === wanted || entry === '*') ?? false

/** Whether the rule grants one of the verbs on the resource (`secrets`, `pods/exec`) of the group, for any name. */
export function grants(rule: PolicyRule, verbs: readonly string[], apiGroup: string, resource: string): boolean {
  const subresource = resource.indexOf('/')
  const resources = [resource, ...(subresource < 0 ? [] : [`*${resource.slice(subresource)}`])]
  return (
    covers(rule.apiGroups, apiGroup) && resources.some(name => covers(rule.resources, name)) && verbs.some(verb => covers(rule.verbs, verb))
  )
}

/** Whether the rule has a wildcard: those are reported by a check of their own, and the other checks skip them. */
export const hasWildcard = ({ verbs, resources, apiGroups, nonResourceURLs }: PolicyRule): boolean =>
  [verbs, resources, apiGroups, nonResourceURLs].some(list => list?.includes('*'))
