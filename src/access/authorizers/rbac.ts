// Role-based access control over an index that follows the stored roles and bindings, so that a request only looks up its subjects.
import { goQuote } from '../../api/go-quote.ts'
import type { UserInfo } from '../../api/user.ts'
import { aggregated } from '../../base/aggregated.ts'
import { type Attributes, type Authorizer, authenticatedGroup, type Decision, unauthenticatedGroup } from '../access.ts'
import { type PolicyRule, type RbacKind, type RbacSource, type RoleBinding, rbacGroup, type Subject } from '../rbac-object.ts'
import { type CompiledRole, compileRole } from './rule-match.ts'

/** What one user may do in one namespace, as SelfSubjectRulesReview and the escalation checks need it. */
export interface RulesOfUser {
  readonly rules: readonly PolicyRule[]
  /** What bindings name and what does not exist. */
  readonly missing: readonly MissingRole[]
}

export interface MissingRole {
  readonly kind: 'Role' | 'ClusterRole'
  readonly name: string
}

export interface RbacAuthorizer extends Authorizer {
  readonly name: 'RBAC'
  /** What binds `user` to a role for the whole cluster or in `namespace`, but for Kubernetes' own policy for everybody. */
  bindingsFor(user: UserInfo, namespace: string): Iterable<HeldBinding>
  rulesFor(user: UserInfo, namespace: string): RulesOfUser
  /** Whether any binding beyond Kubernetes' own policy for everybody names the user or one of its groups, in any namespace. */
  hasGrants(user: UserInfo): boolean
  /** The rules of one role; undefined where it does not exist. `namespace` is '' for a ClusterRole. */
  rulesOfRole(kind: 'Role' | 'ClusterRole', namespace: string, name: string): readonly PolicyRule[] | undefined
}

export interface HeldBinding {
  /** `RoleBinding "b/ns" of ClusterRole "view" to Group "dev"`, as the reason of an allowing decision has it. */
  readonly text: string
  /** A binding may name a role that does not exist: it grants nothing. */
  readonly roleExists: boolean
}

interface Grant {
  readonly namespace: string
  readonly bindingName: string
  readonly roleKind: 'Role' | 'ClusterRole'
  readonly roleName: string
  readonly roleKey: string
  readonly subject: Subject
  /** Its place among its binding's subjects. */
  readonly place: number
  readonly holders: BindingHolders
  readonly text: string
  /** The whole sentence of an allowing decision, written once. */
  readonly reason: string
}

/** The first grant of a binding to each of its users and groups. */
interface BindingHolders {
  readonly users: Map<string, Grant>
  readonly groups: Map<string, Grant>
}

/** Grants of one subject: those for the whole cluster, and those inside a namespace. Each list is ordered by binding name. */
interface SubjectGrants {
  readonly cluster: Grant[]
  readonly byNamespace: Map<string, Grant[]>
}

const accountPrefix = 'system:serviceaccount:'
const roleKeyOf = (kind: string, namespace: string, name: string): string => (kind === 'Role' ? `${namespace}/${name}` : name)

export function createRbacAuthorizer(source: RbacSource): RbacAuthorizer {
  const roles = new Map<string, CompiledRole>()
  const bindings = new Map<string, readonly Grant[]>()
  const users = new Map<string, SubjectGrants>()
  const groups = new Map<string, SubjectGrants>()

  const apply = (
    kind: RbacKind,
    object: RoleBinding | { rules?: PolicyRule[] | null; metadata: RoleBinding['metadata'] },
    deleted: boolean,
  ) => {
    const { name = '', namespace = '' } = object.metadata
    if (kind === 'Role' || kind === 'ClusterRole') {
      const key = roleKeyOf(kind, namespace, name)
      if (deleted) roles.delete(key)
      else roles.set(key, compileRole('rules' in object ? (object.rules ?? []) : []))
      return
    }
    const key = `${kind}/${namespace}/${name}`
    // From the last one on, for they stand in their order.
    for (const grant of bindings.get(key)?.toReversed() ?? []) removeGrant(grant)
    bindings.delete(key)
    if (deleted || !('roleRef' in object)) return
    const grants = grantsOf(kind, object)
    bindings.set(key, grants)
    for (const grant of grants) addGrant(grant)
  }

  const holders = (subject: Subject) => (subject.kind === 'Group' ? groups : users)
  const addGrant = (grant: Grant) => {
    const map = holders(grant.subject)
    const held: SubjectGrants = map.get(holderName(grant)) ?? { cluster: [], byNamespace: new Map() }
    map.set(holderName(grant), held)
    const list = grant.namespace === '' ? held.cluster : (held.byNamespace.get(grant.namespace) ?? [])
    if (grant.namespace !== '') held.byNamespace.set(grant.namespace, list)
    list.splice(placeOf(grant, list), 0, grant)
  }
  const removeGrant = (grant: Grant) => {
    const map = holders(grant.subject)
    const held = map.get(holderName(grant))
    if (held === undefined) return
    const list = grant.namespace === '' ? held.cluster : (held.byNamespace.get(grant.namespace) ?? [])
    const at = list.lastIndexOf(grant)
    if (at !== -1) list.splice(at, 1)
    if (grant.namespace !== '' && list.length === 0) held.byNamespace.delete(grant.namespace)
    if (held.cluster.length === 0 && held.byNamespace.size === 0) map.delete(holderName(grant))
  }

  /** What `user` holds, each binding once: cluster-wide bindings of all its subjects first, then those of the namespace, as upstream visits them. */
  function* grantsFor(user: UserInfo, namespace: string): Generator<Grant> {
    const held = [users.get(user.name), ...[...new Set(user.groups)].map(group => groups.get(group))].filter(grants => grants !== undefined)
    const told = (grant: Grant) => firstApplying(grant, user) === grant
    for (const { cluster } of held) yield* cluster.filter(told)
    if (namespace === '') return
    for (const { byNamespace } of held) yield* (byNamespace.get(namespace) ?? []).filter(told)
  }

  for (const { kind, object } of source.list()) apply(kind, object, false)
  source.onChange(change => apply(change.kind, change.object, change.deleted))

  return {
    name: 'RBAC',
    authorize(attributes: Attributes) {
      const { user } = attributes
      const namespace = attributes.isResource ? attributes.namespace : ''
      const own = users.get(user.name)
      const allowed = own === undefined ? undefined : firstAllowing(own.cluster, attributes)
      if (allowed !== undefined) return allow(allowed, user)
      for (const group of user.groups) {
        const held = groups.get(group)
        const grant = held === undefined ? undefined : firstAllowing(held.cluster, attributes)
        if (grant !== undefined) return allow(grant, user)
      }
      if (namespace !== '') {
        const grant = firstAllowing(own?.byNamespace.get(namespace), attributes)
        if (grant !== undefined) return allow(grant, user)
        for (const group of user.groups) {
          const ofGroup = firstAllowing(groups.get(group)?.byNamespace.get(namespace), attributes)
          if (ofGroup !== undefined) return allow(ofGroup, user)
        }
      }
      const missing = missingRoles(grantsFor(user, namespace))
      return { decision: 'no-opinion', reason: missing.length === 0 ? '' : `RBAC: ${aggregated(missingTexts(missing))}` }
    },
    *bindingsFor(user, namespace) {
      for (const grant of grantsFor(user, namespace))
        if (!ofEverybody(grant)) yield { text: grant.text, roleExists: roles.has(grant.roleKey) }
    },
    rulesFor(user, namespace) {
      const rules: PolicyRule[] = []
      const grants = [...grantsFor(user, namespace)]
      for (const grant of grants) rules.push(...(roles.get(grant.roleKey)?.rules ?? []))
      return { rules, missing: missingRoles(grants) }
    },
    hasGrants: user => users.has(user.name) || user.groups.some(group => ofAdministrators(groups.get(group))),
    rulesOfRole: (kind, namespace, name) => roles.get(roleKeyOf(kind, namespace, name))?.rules,
  }

  function firstAllowing(grants: readonly Grant[] | undefined, attributes: Attributes): Grant | undefined {
    if (grants === undefined) return undefined
    for (const grant of grants) if (roles.get(grant.roleKey)?.allows(attributes)) return grant
    return undefined
  }

  function missingRoles(grants: Iterable<Grant>): MissingRole[] {
    const missing = new Map<string, MissingRole>()
    for (const { roleKey, roleKind, roleName } of grants)
      if (!roles.has(roleKey)) missing.set(`${roleKind}/${roleName}`, { kind: roleKind, name: roleName })
    return [...missing.values()]
  }
}

/** In upstream's words. */
export function missingTexts(missing: readonly MissingRole[]): string[] {
  return missing.map(({ kind, name }) => `${kind.toLowerCase()}.${rbacGroup} ${goQuote(name)} not found`)
}

const allow = (grant: Grant, user: UserInfo): Decision => ({ decision: 'allow', reason: firstApplying(grant, user).reason })

/** Of several subjects of one binding that are the user, upstream tells the first. */
function firstApplying(grant: Grant, { name, groups }: UserInfo): Grant {
  if (grant.place === 0) return grant
  let first = grant
  const consider = (other: Grant | undefined) => {
    if (other !== undefined && other.place < first.place) first = other
  }
  consider(grant.holders.users.get(name))
  for (const group of groups) consider(grant.holders.groups.get(group))
  return first
}

/** Behind those of bindings with the same or an earlier name; a binding can have as many subjects as its author likes. */
function placeOf({ bindingName }: Grant, list: readonly Grant[]): number {
  let from = 0
  let to = list.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((list[middle]?.bindingName ?? '') > bindingName) to = middle
    else from = middle + 1
  }
  return from
}

/** Whether any grant is more than what Kubernetes' own policy gives to everybody: its bindings begin with `system:`. */
const ofAdministrators = (held: SubjectGrants | undefined): boolean =>
  held !== undefined && [held.cluster, ...held.byNamespace.values()].flat().some(({ bindingName }) => !bindingName.startsWith('system:'))

/** Bindings that say nothing of this user. */
const ofEverybody = ({ subject, bindingName }: Grant): boolean =>
  subject.kind === 'Group' && everybody.has(subject.name) && bindingName.startsWith('system:')

const everybody = new Set([authenticatedGroup, unauthenticatedGroup, 'system:serviceaccounts'])

const holderName = (grant: Grant): string =>
  grant.subject.kind === 'ServiceAccount' ? `${accountPrefix}${accountNamespace(grant)}:${grant.subject.name}` : grant.subject.name

/** An account subject of a RoleBinding without a namespace means the binding's own. */
const accountNamespace = ({ subject, namespace }: { subject: Subject; namespace: string }): string => subject.namespace || namespace

function grantsOf(kind: 'RoleBinding' | 'ClusterRoleBinding', binding: RoleBinding): Grant[] {
  const { name = '', namespace = '' } = binding.metadata
  const { roleRef } = binding
  if (roleRef.kind !== 'Role' && roleRef.kind !== 'ClusterRole') return []
  // A ClusterRoleBinding can only name a ClusterRole; anything else grants nothing.
  if (kind === 'ClusterRoleBinding' && roleRef.kind !== 'ClusterRole') return []
  const roleKind: MissingRole['kind'] = roleRef.kind
  const scope = kind === 'ClusterRoleBinding' ? '' : namespace
  // Written once: a binding can have thousands of subjects, and its role a name of a megabyte.
  const bindingText = `${kind} ${goQuote(kind === 'ClusterRoleBinding' ? name : `${name}/${namespace}`)} of ${roleKind} ${goQuote(roleRef.name)}`
  const roleKey = roleKeyOf(roleKind, namespace, roleRef.name)
  const holders: BindingHolders = { users: new Map(), groups: new Map() }
  const shared = { namespace: scope, bindingName: name, roleKind, roleName: roleRef.name, roleKey, holders }
  return (binding.subjects ?? []).map((subject, place) => {
    const text = `${bindingText} to ${subjectText(subject, scope)}`
    const grant: Grant = { ...shared, subject, place, text, reason: `RBAC: allowed by ${text}` }
    const map = subject.kind === 'Group' ? holders.groups : holders.users
    if (!map.has(holderName(grant))) map.set(holderName(grant), grant)
    return grant
  })
}

function subjectText(subject: Subject, namespace: string): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${goQuote(subject.name)}`
  return `ServiceAccount ${goQuote(`${subject.name}/${accountNamespace({ subject, namespace })}`)}`
}
