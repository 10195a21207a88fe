// One DenyRule, compiled: whom it concerns, where, and which requests it refuses. What is not known of a request counts as refused.
import type { DenyRule } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Subject } from '../../api/types/rbac-v1.ts'
import type { UserInfo } from '../../api/user.ts'
import type { Attributes } from '../access.ts'
import { holderOf } from './grant.ts'
import type { PolicyRule } from './rbac-object.ts'
import { resourceMatches, urlMatches } from './rule-match.ts'

/** Whether objects of the resource are known to be in no namespace. */
export type IsClusterScoped = (group: string, resource: string) => boolean

/** Immutable: a changed DenyRule is compiled again. */
export interface CompiledDenyRule {
  readonly name: string
  readonly reason: string
  /** Holders of the subjects, as of grants: names of users, and of groups. */
  readonly users: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  readonly exceptUsers: ReadonlySet<string>
  readonly exceptGroups: ReadonlySet<string>
  /** Undefined: everywhere. */
  readonly namespaces: ReadonlySet<string> | undefined
  readonly rules: readonly PolicyRule[]
}

export function compileDenyRule({ metadata: { name = '' }, spec }: DenyRule): CompiledDenyRule {
  const { reason, subjects, exceptSubjects = [], namespaces, rules } = spec
  const holders = (list: readonly Subject[], isGroup: boolean) =>
    new Set(list.filter(({ kind }) => (kind === 'Group') === isGroup).map(subject => holderOf(subject, '')))
  return {
    name,
    reason,
    users: holders(subjects, false),
    groups: holders(subjects, true),
    exceptUsers: holders(exceptSubjects, false),
    exceptGroups: holders(exceptSubjects, true),
    namespaces: namespaces === undefined ? undefined : new Set(namespaces),
    rules,
  }
}

/** For a user that is one of the subjects. */
export const isExcepted = ({ exceptUsers, exceptGroups }: CompiledDenyRule, { name, groups }: UserInfo): boolean =>
  exceptUsers.has(name) || (exceptGroups.size > 0 && groups.some(group => exceptGroups.has(group)))

/** Whether the rule refuses this request of a user whom it concerns. */
export function refuses({ namespaces, rules }: CompiledDenyRule, attributes: Attributes, isClusterScoped: IsClusterScoped): boolean {
  return isWithin(namespaces, attributes, isClusterScoped) && rules.some(rule => ruleRefuses(rule, attributes))
}

/** A request without a namespace is about all of them, unless its resource is in none. */
function isWithin(
  namespaces: ReadonlySet<string> | undefined,
  { isResource, namespace, group, resource }: Attributes,
  isClusterScoped: IsClusterScoped,
): boolean {
  if (namespaces === undefined) return true
  if (!isResource) return false
  return namespace === '' ? !isClusterScoped(group, resource) : namespaces.has(namespace)
}

/** As a rule of a role matches, and also what is about all verbs, groups or resources (`*`) or about objects without their names. */
function ruleRefuses(rule: PolicyRule, { isResource, verb, group, resource, subresource, name, path }: Attributes): boolean {
  if (!meets(rule.verbs, verb)) return false
  if (!isResource) return (rule.nonResourceURLs ?? []).some(pattern => urlMatches(pattern, path) || urlMatches(pattern, pageOf(path)))
  const { resourceNames = [] } = rule
  return (
    meets(rule.apiGroups, group) &&
    (resource === '*' ? (rule.resources ?? []).length > 0 : resourceMatches(rule.resources ?? [], resource, subresource)) &&
    (resourceNames.length === 0 || name === '' || resourceNames.includes(name))
  )
}

/** The server answers `/metrics/` with the page of `/metrics`. */
const pageOf = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)

const meets = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && list.length > 0 && (value === '*' || list.includes('*') || list.includes(value))
