// Role-based access control with an index of stored roles and bindings, so that a request only looks up its subjects.
import { isDeepStrictEqual } from 'node:util'
import { goQuote } from '../../api/go-text/go-quote.ts'
import type { UserInfo } from '../../api/user.ts'
import { type Attributes, type Authorizer, authenticatedGroup, type Decision, unauthenticatedGroup } from '../access.ts'
import { Binding, BoundRole, type Grant } from '../rules/grant.ts'
import { type PolicyRule, type RbacKind, type RbacSource, type RoleBinding, rbacGroup } from '../rules/rbac-object.ts'
import { indexRules, type RuleIndex, type Steps } from '../rules/rule-index.ts'
import { SubjectGrants } from './subject-grants.ts'

/** The roles of one user in one namespace, for SelfSubjectRulesReview and the escalation checks. */
export interface HeldRoles {
  /** Each role once. */
  readonly roles: readonly RuleIndex[]
  readonly missing: MissingRoles
  /** There are more bindings than a decision examines. */
  readonly truncated: boolean
}

/** Roles that bindings refer to but that do not exist. */
export interface MissingRoles {
  readonly listed: readonly MissingRole[]
  /** Number of further ones that are not listed. */
  readonly more: number
}

export interface MissingRole {
  readonly kind: 'Role' | 'ClusterRole'
  readonly name: string
}

export interface RbacAuthorizer extends Authorizer {
  readonly name: 'RBAC'
  /** The bindings of `user` to roles for the whole cluster or in `namespace`, without Kubernetes' own bindings of all users. */
  bindingsFor(user: UserInfo, namespace: string): Iterable<HeldBinding>
  rolesFor(user: UserInfo, namespace: string): HeldRoles
  /**
   * Whether any binding other than Kubernetes' own policy for all users names the user or one of its groups, for the whole cluster or in
   * `namespace`. Bindings of other namespaces do not count, because their authors can name any user and group.
   */
  hasGrants(user: UserInfo, namespace: string): boolean
  /** The rules of one role; undefined if it does not exist. `namespace` is '' for a ClusterRole. */
  rulesOfRole(kind: 'Role' | 'ClusterRole', namespace: string, name: string): readonly PolicyRule[] | undefined
  work(): RbacWork
}

export interface RbacWork {
  /** Total of all decisions: bindings visited, roles tried, rules compared. */
  readonly steps: number
  /** Size of the index: a grant for each different subject of each binding, and the entries of each role's rules. */
  readonly grants: number
  readonly entries: number
}

export interface HeldBinding {
  /** As in the reason of an allowing decision: `RoleBinding "b/ns" of ClusterRole "view" to Group "dev"`. */
  readonly text: string
  /** A binding may refer to a missing role: it grants nothing. */
  readonly roleExists: boolean
}

/**
 * Limit of bindings visited, roles tried and rules compared in one decision: about a millisecond. A right that is not found by then is not
 * granted.
 */
export const maxDecisionSteps = 5000
/** Limit of missing roles in a refusal: authors can create any number of bindings to them, with names of any length. */
const maxMissing = 10
const maxNameCharacters = 253

const roleKeyOf = (kind: string, namespace: string, name: string): string => (kind === 'Role' ? `${namespace}/${name}` : name)

export function createRbacAuthorizer(source: RbacSource): RbacAuthorizer {
  const roles = new Map<string, BoundRole>()
  const bindings = new Map<string, Binding>()
  const users = new Map<string, SubjectGrants>()
  const groups = new Map<string, SubjectGrants>()
  /** Marks what a decision or a walk has visited, so that it needs no set. */
  let walks = 0
  let stepsTaken = 0

  const holdersOf = ({ subject }: Grant) => (subject.kind === 'Group' ? groups : users)
  const addGrant = (grant: Grant) => {
    const { holder } = grant
    const held = holdersOf(grant).get(holder) ?? new SubjectGrants()
    holdersOf(grant).set(holder, held)
    held.add(grant)
  }
  const removeGrant = (grant: Grant) => {
    const { holder } = grant
    const held = holdersOf(grant).get(holder)
    held?.remove(grant)
    if (held?.size === 0) holdersOf(grant).delete(holder)
  }

  const roleOf = (kind: 'Role' | 'ClusterRole', namespace: string, name: string): BoundRole => {
    const key = roleKeyOf(kind, namespace, name)
    const role = roles.get(key) ?? new BoundRole(kind, name, key)
    roles.set(key, role)
    return role
  }
  const forgetUnused = (role: BoundRole) => {
    if (role.index === undefined && role.bindings === 0) roles.delete(role.key)
  }

  const applyRole = (kind: 'Role' | 'ClusterRole', namespace: string, name: string, rules: readonly PolicyRule[] | undefined) => {
    const role = roleOf(kind, namespace, name)
    if (isDeepStrictEqual(role.index?.rules, rules)) return forgetUnused(role)
    role.index = rules && indexRules(rules)
    forgetUnused(role)
    role.changes.notify()
  }
  /** `object` is undefined for a deleted one. */
  const applyBinding = (kind: Binding['kind'], namespace: string, name: string, object: RoleBinding | undefined) => {
    const key = `${kind}/${namespace}/${name}`
    const old = bindings.get(key)
    if (object !== undefined && old !== undefined && grantsTheSame(old.object, object)) return
    if (old !== undefined) {
      for (const grant of old.grants) removeGrant(grant)
      bindings.delete(key)
      old.role.bindings -= 1
      forgetUnused(old.role)
    }
    const roleKind = object && roleKindOf(kind, object)
    if (object !== undefined && roleKind !== undefined) {
      const binding = new Binding(kind, object, roleOf(roleKind, namespace, object.roleRef.name))
      binding.role.bindings += 1
      bindings.set(key, binding)
      for (const grant of binding.grants) addGrant(grant)
    }
    old?.changes.notify()
  }
  const apply = (
    kind: RbacKind,
    object: RoleBinding | { rules?: PolicyRule[] | null; metadata: RoleBinding['metadata'] },
    deleted: boolean,
  ) => {
    const { name = '', namespace = '' } = object.metadata
    if (kind === 'Role' || kind === 'ClusterRole') {
      const rules = 'rules' in object ? (object.rules ?? []) : []
      applyRole(kind, kind === 'Role' ? namespace : '', name, deleted ? undefined : rules)
    } else if (deleted) applyBinding(kind, namespace, name, undefined)
    else if ('roleRef' in object) applyBinding(kind, namespace, name, object)
  }

  const findIn = (user: UserInfo, scope: string, visit: (grant: Grant) => boolean): Grant | undefined => {
    const own = users.get(user.name)?.some(scope, visit)
    if (own !== undefined) return own
    for (const name of groupsOf(user)) {
      const ofGroup = groups.get(name)?.some(scope, visit)
      if (ofGroup !== undefined) return ofGroup
    }
    return undefined
  }
  /** Searches the grants of the user and its groups: cluster-wide ones of all of them first, then those of the namespace, as upstream. */
  const findGrant = (user: UserInfo, namespace: string, visit: (grant: Grant) => boolean): Grant | undefined =>
    findIn(user, '', visit) ?? (namespace === '' ? undefined : findIn(user, namespace, visit))

  /** Visits each binding of the user once, up to the limit of a decision; returns whether there are more. */
  const eachBinding = (user: UserInfo, namespace: string, visit: (grant: Grant) => void): boolean => {
    const walk = ++walks
    let left = maxDecisionSteps
    const last = findGrant(user, namespace, grant => {
      if (left-- <= 0) return true
      if (grant.binding.metIn === walk) return false
      grant.binding.metIn = walk
      visit(grant)
      return false
    })
    stepsTaken += maxDecisionSteps - left
    return last !== undefined
  }

  const missingRoles = (user: UserInfo, namespace: string): MissingRoles => {
    const missing = new Set<BoundRole>()
    eachBinding(user, namespace, ({ binding: { role } }) => {
      if (role.index === undefined) missing.add(role)
    })
    return listMissing(missing)
  }

  /** If several subjects of one binding match the user, upstream names the first. */
  const firstApplying = (grant: Grant, user: UserInfo): Grant => {
    if (grant.place === 0) return grant
    let first = grant
    const consider = (other: Grant | undefined) => {
      if (other !== undefined && other.place < first.place) first = other
    }
    consider(users.get(user.name)?.of(grant.binding))
    for (const name of groupsOf(user)) consider(groups.get(name)?.of(grant.binding))
    return first
  }

  for (const { kind, object } of source.list()) apply(kind, object, false)
  source.onChange(change => apply(change.kind, change.object, change.deleted))

  return {
    name: 'RBAC',
    authorize(attributes: Attributes): Decision {
      const { user } = attributes
      const namespace = attributes.isResource ? attributes.namespace : ''
      const steps: Steps = { left: maxDecisionSteps }
      const decision = ++walks
      const found = findGrant(user, namespace, ({ binding: { role } }) => {
        if (steps.left-- <= 0) return true
        if (role.triedIn === decision) return false
        role.triedIn = decision
        return role.index?.allows(attributes, steps) ?? false
      })
      stepsTaken += maxDecisionSteps - steps.left
      if (steps.left < 0) return { decision: 'no-opinion', reason: tooManySteps(user, namespace) }
      if (found !== undefined) {
        const grant = firstApplying(found, user)
        return { decision: 'allow', reason: grant.reason, basis: grant }
      }
      const missing = missingText(missingRoles(user, namespace))
      return { decision: 'no-opinion', reason: missing === '' ? '' : `RBAC: ${missing}` }
    },
    *bindingsFor(user, namespace) {
      const found: Grant[] = []
      eachBinding(user, namespace, grant => {
        if (!ofEverybody(grant)) found.push(grant)
      })
      for (const grant of found) {
        yield {
          get text() {
            return firstApplying(grant, user).text
          },
          roleExists: grant.binding.role.index !== undefined,
        }
      }
    },
    rolesFor(user, namespace) {
      const held = new Set<BoundRole>()
      const truncated = eachBinding(user, namespace, ({ binding: { role } }) => held.add(role))
      const existing = [...held].map(({ index }) => index).filter(index => index !== undefined)
      return { roles: existing, missing: listMissing([...held].filter(({ index }) => index === undefined)), truncated }
    },
    hasGrants: (user, namespace) =>
      ['', namespace].some(
        scope => users.get(user.name)?.hasAny(scope) || user.groups.some(group => groups.get(group)?.hasOfAdministrators(scope)),
      ),
    rulesOfRole: (kind, namespace, name) => roles.get(roleKeyOf(kind, namespace, name))?.index?.rules,
    work() {
      let grants = 0
      let entries = 0
      for (const binding of bindings.values()) grants += binding.grants.length
      for (const { index } of roles.values()) entries += index?.entries ?? 0
      return { steps: stepsTaken, grants, entries }
    },
  }
}

/** Callers of a SubjectAccessReview may name a group thousands of times. */
const groupsOf = ({ groups }: UserInfo): readonly string[] | ReadonlySet<string> => (groups.length <= 8 ? groups : new Set(groups))

/** Undefined if it grants nothing: a ClusterRoleBinding can only refer to a ClusterRole. */
function roleKindOf(kind: Binding['kind'], { roleRef }: RoleBinding): MissingRole['kind'] | undefined {
  if (roleRef.kind === 'ClusterRole') return 'ClusterRole'
  return roleRef.kind === 'Role' && kind === 'RoleBinding' ? 'Role' : undefined
}

const grantsTheSame = (old: RoleBinding, now: RoleBinding): boolean =>
  isDeepStrictEqual(old.roleRef, now.roleRef) && isDeepStrictEqual(old.subjects ?? [], now.subjects ?? [])

function tooManySteps(user: UserInfo, namespace: string): string {
  const where = namespace === '' ? '' : ` in namespace ${goQuote(cut(namespace))}`
  return `RBAC: user ${goQuote(cut(user.name))} is bound to more roles and rules${where} than a decision compares (${maxDecisionSteps})`
}

function listMissing(roles: Iterable<BoundRole>): MissingRoles {
  const all = [...roles]
  return { listed: all.slice(0, maxMissing).map(({ kind, name }) => ({ kind, name })), more: Math.max(0, all.length - maxMissing) }
}

/** In upstream's words for lists of errors; '' if none is missing. */
export function missingText({ listed, more }: MissingRoles): string {
  const texts = missingTexts({ listed, more })
  return texts.length > 1 ? `[${texts.join(', ')}]` : (texts[0] ?? '')
}

export function missingTexts({ listed, more }: MissingRoles): string[] {
  const texts = listed.map(({ kind, name }) => `${kind.toLowerCase()}.${rbacGroup} ${goQuote(cut(name))} not found`)
  return more === 0 ? texts : [...texts, `${more} more roles not found`]
}

export const cut = (text: string): string => (text.length <= maxNameCharacters ? text : `${text.slice(0, maxNameCharacters)}…`)

/** Bindings of all users. */
const ofEverybody = ({ subject, binding }: Grant): boolean =>
  subject.kind === 'Group' && groupsOfAll.has(subject.name) && binding.name.startsWith('system:')

const groupsOfAll = new Set([authenticatedGroup, unauthenticatedGroup, 'system:serviceaccounts'])
