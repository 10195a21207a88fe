// The worst roles and bindings that a tenant with ClusterRole `admin` in one namespace can write: each object is small, their products are
// not.
import { type PolicyRule, type RbacObject, rbacGroup, type Subject } from '../rules/rbac-object.ts'

export interface AttackScale {
  /** The default quota admits 1000 of each. */
  readonly roles: number
  readonly bindingsOfRole: number
  readonly rulesOfRole: number
  readonly subjectsOfBinding: number
  /** Bindings to missing roles. */
  readonly missingRoles: number
}

export const attacker = { name: 'system:serviceaccount:evil:robot', groups: ['system:serviceaccounts', 'system:serviceaccounts:evil'] }
export const attackedNamespace = 'evil'

const numbered = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

/** One name each: the shortest rule that differs from all others. */
const ruleOfName = (at: number): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: [`n${at}`] })

/** Lists with so many combinations that the rule is compared instead of looked up, and that nearly match the request. */
const wideRule = (at: number): PolicyRule => ({
  verbs: ['get', ...numbered(4, word => `v${at}-${word}`)],
  apiGroups: ['', ...numbered(4, word => `g${at}-${word}`)],
  resources: ['configmaps', ...numbered(4, word => `r${at}-${word}`)],
  resourceNames: [`n${at}`, `m${at}`],
})

/** The same account in all spellings, the groups of all accounts of the namespace, and different names. */
function subjects(count: number): Subject[] {
  const same: Subject[] = [
    { kind: 'ServiceAccount', name: 'robot' },
    { kind: 'ServiceAccount', name: 'robot', namespace: attackedNamespace },
    { kind: 'User', apiGroup: rbacGroup, name: attacker.name },
    ...attacker.groups.map((name): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name })),
    { kind: 'Group', apiGroup: rbacGroup, name: 'system:authenticated' },
  ]
  return numbered(count, at => (at % 8 < same.length ? (same[at % 8] ?? { kind: 'User', name: '' }) : { kind: 'User', name: `u${at}` }))
}

/** Number of different users and groups. */
export function differentSubjects(count: number): number {
  const names = subjects(count).map(({ kind, name }) => (kind === 'Group' ? `group ${name}` : name === 'robot' ? attacker.name : name))
  return new Set(names).size
}

const binding = (name: string, role: string, bound: Subject[]): RbacObject => ({
  kind: 'RoleBinding',
  object: {
    metadata: { name, namespace: attackedNamespace },
    roleRef: { apiGroup: rbacGroup, kind: 'Role', name: role },
    subjects: bound,
  },
})

export function worstRbac(scale: AttackScale): RbacObject[] {
  const { roles, bindingsOfRole, rulesOfRole, subjectsOfBinding, missingRoles } = scale
  const bound = subjects(subjectsOfBinding)
  return [
    ...numbered(roles, (at): RbacObject => {
      const makeRule = at % 2 === 0 ? ruleOfName : wideRule
      const rules = numbered(rulesOfRole, rule => makeRule(at * rulesOfRole + rule))
      return { kind: 'Role', object: { metadata: { name: `r${at}`, namespace: attackedNamespace }, rules } }
    }),
    ...numbered(roles, at => numbered(bindingsOfRole, of => binding(`b${at}-${of}`, `r${at}`, bound))).flat(),
    ...numbered(missingRoles, at => binding(`gone-${at}`, `${'gone'.repeat(50)}-${at}`, bound)),
  ]
}

/** The words of all rules: the limit for the growth of an index. */
export function wordsOf(objects: readonly RbacObject[]): number {
  let words = 0
  for (const { kind, object } of objects) {
    if (kind !== 'Role') continue
    for (const { verbs, apiGroups = [], resources = [], resourceNames = [] } of object.rules ?? [])
      words += verbs.length + apiGroups.length + resources.length + resourceNames.length
  }
  return words
}
