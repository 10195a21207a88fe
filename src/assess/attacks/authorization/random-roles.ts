// Random roles, bindings and questions, for a comparison of the cluster's decisions with those of `oracles/rbac.ts`. The same numbers make the same.
import type { DenyRule } from '../../../api/types/bulkhead-v1alpha1.ts'
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../../api/types/rbac-v1.ts'
import type { AccessObjects, RbacQuestion } from '../../oracles/rbac.ts'

/** Numbers in [0, 1). */
export type Random = () => number

/** Names that no other object of the cluster has. */
export interface RandomNames {
  /** Before the names of users, groups and ClusterRoles. */
  readonly prefix: string
  readonly namespaces: readonly [string, string]
}

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
const groups = ['', 'apps', 'bulkhead-prove.invalid']
const resources = ['pods', 'configmaps', 'deployments']
const subresources = ['log', 'scale', 'status']
const entries = ['pods', 'pods/log', 'configmaps', 'deployments', 'deployments/scale', 'pods/status', '*/scale', '*/status']
const objectNames = ['a', 'b', 'c']
const urls = ['/bulkhead-prove', '/bulkhead-prove/a', '/bulkhead-prove/a/b', '/bulkhead-prove/ab']
const urlPatterns = [...urls, '/bulkhead-prove/*', '/bulkhead-prove/a*', '/bulkhead-prove/a/*']
const people = ['ann', 'bob', 'eve']
const teams = ['dev', 'ops']
const accounts = ['robot', 'builder']

const pick = <T>(random: Random, list: readonly [T, ...T[]] | readonly T[]): T => {
  const item = list[Math.floor(random() * list.length)]
  if (item === undefined) throw new Error('Nothing to choose from')
  return item
}
const some = (random: Random, list: readonly string[], most: number): string[] => {
  const found = new Set<string>()
  for (let left = 1 + Math.floor(random() * most); left > 0; left--) found.add(pick(random, list))
  return [...found]
}
const chance = (random: Random, of: number): boolean => random() < of

function randomRule(random: Random, forUrls: boolean): PolicyRule {
  if (forUrls)
    return { verbs: chance(random, 0.2) ? ['*'] : some(random, ['get', 'post', 'put'], 2), nonResourceURLs: some(random, urlPatterns, 2) }
  // Some with so many combinations that an index may treat them in another way.
  const most = chance(random, 0.2) ? 12 : 3
  return {
    verbs: chance(random, 0.1) ? ['*'] : some(random, verbs, most),
    apiGroups: chance(random, 0.1) ? ['*'] : some(random, groups, most),
    resources: chance(random, 0.05) ? ['*'] : some(random, entries, most),
    ...(chance(random, 0.35) ? { resourceNames: some(random, objectNames, most) } : {}),
  }
}

const rulesOf = (random: Random, urlShare: number): PolicyRule[] =>
  Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomRule(random, chance(random, urlShare)))

const apiGroup = 'rbac.authorization.k8s.io'
const aggregateLabel = 'bulkhead-prove.invalid/aggregate'

export function randomRoles(random: Random, { prefix, namespaces }: RandomNames): AccessObjects {
  const clusterRoles: ClusterRole[] = Array.from({ length: 4 }, (_, index) => ({
    metadata: { name: `${prefix}-${index}`, ...(index < 2 ? { labels: { [aggregateLabel]: prefix } } : {}) },
    rules: rulesOf(random, 0.4),
  }))
  clusterRoles.push({
    metadata: { name: `${prefix}-all` },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateLabel]: prefix } }] },
    rules: [],
  })
  const roles: Role[] = namespaces.flatMap(namespace =>
    ['one', 'two', 'three'].map(name => ({ metadata: { name: `random-${name}`, namespace }, rules: rulesOf(random, 0) })),
  )
  const subject = (): Subject => {
    const kind = pick(random, ['User', 'Group', 'ServiceAccount'])
    if (kind === 'ServiceAccount') return { kind, name: pick(random, accounts), namespace: pick(random, namespaces) }
    // Also groups with the names of users, and users with the names of groups.
    return { kind, apiGroup, name: `${prefix}:${pick(random, chance(random, 0.8) === (kind === 'User') ? people : teams)}` }
  }
  const subjects = (): Subject[] => Array.from({ length: 1 + Math.floor(random() * 2) }, subject)
  const clusterRef = () => ({ apiGroup, kind: 'ClusterRole', name: pick(random, clusterRoles).metadata.name ?? '' })
  const clusterRoleBindings: ClusterRoleBinding[] = Array.from({ length: 2 }, (_, index) => ({
    metadata: { name: `${prefix}-${index}` },
    roleRef: clusterRef(),
    subjects: subjects(),
  }))
  const roleBindings: RoleBinding[] = namespaces.flatMap(namespace =>
    Array.from({ length: 4 }, (_, index) => ({
      metadata: { name: `random-${index}`, namespace },
      roleRef: chance(random, 0.4)
        ? clusterRef()
        : { apiGroup, kind: 'Role', name: `random-${pick(random, ['one', 'two', 'three', 'gone'])}` },
      subjects: subjects(),
    })),
  )
  const denyRules: DenyRule[] = Array.from({ length: 3 }, (_, index) => {
    const isOfUrls = chance(random, 0.2)
    return {
      metadata: { name: `${prefix}-${index}` },
      spec: {
        reason: 'proof A5',
        subjects: subjects(),
        ...(chance(random, 0.5) ? { exceptSubjects: subjects() } : {}),
        ...(!isOfUrls && chance(random, 0.5) ? { namespaces: [pick(random, namespaces)] } : {}),
        rules: rulesOf(random, isOfUrls ? 1 : 0),
      },
    }
  })
  return { roles, clusterRoles, roleBindings, clusterRoleBindings, denyRules }
}

/** What some binding grants, or that with one or two fields changed: random questions alone would nearly all be refused. */
export function randomQuestion(random: Random, objects: AccessObjects, names: RandomNames): RbacQuestion {
  const binding = pick(random, [...objects.roleBindings, ...objects.clusterRoleBindings])
  const rules = [...objects.roles, ...objects.clusterRoles].find(({ metadata }) => metadata.name === binding.roleRef.name)?.rules ?? []
  const rule = rules.length === 0 || chance(random, 0.1) ? randomRule(random, chance(random, 0.2)) : pick(random, rules)
  const changed = new Set(chance(random, 0.5) ? [] : [pick(random, fields), pick(random, fields)])
  const from = (field: (typeof fields)[number], list: readonly string[] | undefined, all: readonly string[]): string => {
    const word = changed.has(field) || list === undefined || list.length === 0 ? pick(random, all) : pick(random, list)
    return word === '*' ? pick(random, all) : word
  }
  const asker = askerOf(random, changed.has('user') ? undefined : pick(random, binding.subjects ?? []), names)
  if (rule.nonResourceURLs !== undefined) {
    const url = from('resource', rule.nonResourceURLs, urls)
    const whole = url.endsWith('*') ? `${url.slice(0, -1)}${pick(random, ['', 'x', 'b'])}` : url
    return { ...asker, verb: from('verb', rule.verbs, ['get', 'post']), target: { url: whole } }
  }
  const [resource = '', subresource = ''] = from('resource', rule.resources, entries).split('/')
  return {
    ...asker,
    verb: from('verb', rule.verbs, verbs),
    target: {
      group: from('group', rule.apiGroups, groups),
      resource: resource === '*' ? pick(random, resources) : resource,
      subresource: changed.has('subresource') ? pick(random, ['', ...subresources]) : subresource,
      namespace: changed.has('namespace')
        ? pick(random, ['', ...names.namespaces])
        : (binding.metadata.namespace ?? pick(random, names.namespaces)),
      name: from('name', rule.resourceNames, ['', ...objectNames]),
    },
  }
}

const fields = ['user', 'verb', 'group', 'resource', 'subresource', 'namespace', 'name'] as const

/** A user that the subject means; anybody without one. */
function askerOf(random: Random, subject: Subject | undefined, { prefix, namespaces }: RandomNames): Pick<RbacQuestion, 'user' | 'groups'> {
  const person = (name: string, groups: readonly string[]) => ({ user: name, groups })
  const someGroups = chance(random, 0.3) ? [`${prefix}:${pick(random, [...teams, ...people])}`] : []
  if (subject?.kind === 'Group') return person(`${prefix}:${pick(random, people)}`, [...someGroups, subject.name])
  if (subject?.kind === 'User') return person(subject.name, someGroups)
  if (subject !== undefined) return person(`system:serviceaccount:${subject.namespace}:${subject.name}`, [])
  if (chance(random, 0.3)) return person(`system:serviceaccount:${pick(random, namespaces)}:${pick(random, accounts)}`, [])
  return person(`${prefix}:${pick(random, [...people, ...teams])}`, someGroups)
}
