// Role-based access control by Kubernetes' documentation alone (kubernetes.io, "Using RBAC Authorization"), and DenyRules by docs/authorization.md: evaluates
// every binding and rule for each question, without an index. It shares no code with the product, so that both have to make the same mistake to agree on it.
import type { DenyRule } from '../../api/types/bulkhead-v1alpha1.ts'
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../api/types/rbac-v1.ts'

export interface RbacObjects {
  readonly roles: readonly Role[]
  readonly clusterRoles: readonly ClusterRole[]
  readonly roleBindings: readonly RoleBinding[]
  readonly clusterRoleBindings: readonly ClusterRoleBinding[]
}

export interface AccessObjects extends RbacObjects {
  readonly denyRules: readonly DenyRule[]
}

export interface RbacQuestion {
  readonly user: string
  readonly groups: readonly string[]
  readonly verb: string
  readonly target: ResourceTarget | UrlTarget
}

/** '' for what the request does not name. */
export interface ResourceTarget {
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

export interface UrlTarget {
  readonly url: string
}

/** Whether any binding grants it, and no DenyRule refuses it. */
export const isAllowed = (objects: AccessObjects, question: RbacQuestion): boolean =>
  rbacAllows(objects, question) && refusingRule(objects, question) === undefined

/** Whether any binding grants it: RBAC has no rules that deny. */
export function rbacAllows(objects: RbacObjects, question: RbacQuestion): boolean {
  for (const binding of objects.clusterRoleBindings) {
    if (binding.roleRef.kind !== 'ClusterRole' || !bindsUser(binding.subjects ?? [], '', question)) continue
    if (clusterRoleRules(objects.clusterRoles, binding.roleRef.name).some(rule => ruleGrants(rule, question))) return true
  }
  // A RoleBinding grants within its namespace, and URLs are in none.
  if ('url' in question.target) return false
  const { namespace } = question.target
  for (const binding of objects.roleBindings) {
    const bound = binding.metadata.namespace ?? ''
    if (bound === '' || bound !== namespace || !bindsUser(binding.subjects ?? [], bound, question)) continue
    if (rulesOfBound(objects, binding, bound).some(rule => ruleGrants(rule, question))) return true
  }
  return false
}

/**
 * The first DenyRule that refuses it. Of the resource, the oracle knows that its objects are in namespaces; a question without a namespace is about all of
 * them, and one without a name about each name.
 */
export function refusingRule({ denyRules }: Pick<AccessObjects, 'denyRules'>, question: RbacQuestion): DenyRule | undefined {
  const { target } = question
  return denyRules.find(({ spec: { subjects, exceptSubjects, namespaces, rules } }) => {
    if (!bindsUser(subjects, '', question) || bindsUser(exceptSubjects ?? [], '', question)) return false
    if (namespaces !== undefined && ('url' in target || (target.namespace !== '' && !namespaces.includes(target.namespace)))) return false
    return questionsIn(question).some(each =>
      rules.some(rule => ruleGrants(rule, each) || (isNameless(each) && ruleGrants({ ...rule, resourceNames: [] }, each))),
    )
  })
}

const isNameless = ({ target }: RbacQuestion): boolean => !('url' in target) && target.name === ''

/** The server answers `/a/` with the page of `/a`. */
function questionsIn(question: RbacQuestion): RbacQuestion[] {
  const { target } = question
  const isSlashed = 'url' in target && /.\/$/.test(target.url)
  return isSlashed ? [question, { ...question, target: { url: target.url.slice(0, -1) } }] : [question]
}

function rulesOfBound({ roles, clusterRoles }: RbacObjects, { roleRef }: RoleBinding, namespace: string): readonly PolicyRule[] {
  if (roleRef.kind === 'ClusterRole') return clusterRoleRules(clusterRoles, roleRef.name)
  if (roleRef.kind !== 'Role') return []
  return roles.find(({ metadata }) => metadata.name === roleRef.name && metadata.namespace === namespace)?.rules ?? []
}

/** "Aggregated ClusterRoles": the rules of one with an aggregation rule are those of all that its selectors match, and its own do not count. */
function clusterRoleRules(all: readonly ClusterRole[], name: string, above: readonly string[] = []): readonly PolicyRule[] {
  const role = all.find(({ metadata }) => metadata.name === name)
  if (role === undefined || above.includes(name)) return []
  const selectors = role.aggregationRule?.clusterRoleSelectors
  if (selectors === undefined) return role.rules ?? []
  return all
    .filter(({ metadata: { labels = {} } }) =>
      selectors.some(({ matchLabels = {} }) => Object.entries(matchLabels).every(([key, value]) => labels[key] === value)),
    )
    .flatMap(({ metadata }) => clusterRoleRules(all, metadata.name ?? '', [...above, name]))
}

function bindsUser(subjects: readonly Subject[], namespace: string, { user, groups }: RbacQuestion): boolean {
  return subjects.some(subject => {
    switch (subject.kind) {
      case 'User':
        return subject.name === user
      case 'Group':
        return groups.includes(subject.name)
      case 'ServiceAccount':
        return user === `system:serviceaccount:${subject.namespace || namespace}:${subject.name}`
      default:
        return false
    }
  })
}

function ruleGrants(rule: PolicyRule, { verb, target }: RbacQuestion): boolean {
  if (!listHas(rule.verbs, verb)) return false
  if ('url' in target) return (rule.nonResourceURLs ?? []).some(pattern => urlMatches(pattern, target.url))
  if (!listHas(rule.apiGroups ?? [], target.group)) return false
  if (!(rule.resources ?? []).some(entry => resourceMatches(entry, target))) return false
  const names = rule.resourceNames ?? []
  return names.length === 0 || names.includes(target.name)
}

const listHas = (list: readonly string[], value: string): boolean => list.some(entry => entry === '*' || entry === value)

/** `pods`, `pods/log`, `*` for all with their subresources, and `*` + `/scale` for one subresource of all. */
function resourceMatches(entry: string, { resource, subresource }: ResourceTarget): boolean {
  if (entry === '*') return true
  const slash = entry.indexOf('/')
  if (slash < 0) return subresource === '' && entry === resource
  const [parent, child] = [entry.slice(0, slash), entry.slice(slash + 1)]
  return subresource !== '' && child === subresource && (parent === '*' || parent === resource)
}

/** "`*` is a suffix glob match": only at the end. */
function urlMatches(pattern: string, url: string): boolean {
  return pattern.at(-1) === '*' ? url.slice(0, pattern.length - 1) === pattern.slice(0, -1) : pattern === url
}
