// Users cannot grant rights that they do not have: the conditions for writing a role or a binding besides the right to write it.
import { isDeepStrictEqual } from 'node:util'
import { aggregated } from '../../api/go-text/aggregate-message.ts'
import { goQuote, goQuotedList } from '../../api/go-text/go-quote.ts'
import type { KubeObject } from '../../api/object.ts'
import { type ApiError, forbidden, notFound } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { type Attributes, systemMasters } from '../access.ts'
import type { Authorization } from '../authorize.ts'
import { cut, type RbacAuthorizer } from '../authorizers/rbac.ts'
import { aggregationSelects } from '../rules/cluster-role-aggregation.ts'
import { type ClusterRole, type PolicyRule, type RoleBinding, rbacGroup } from '../rules/rbac-object.ts'
import { compactRules, firstPieces, pieceCount, ruleText, uncoveredRules } from '../rules/rule-cover.ts'
import { type ConcerningRules, deniedGrant } from './denied-rights.ts'

/** The final object of a create or update; an AdmissionRequest has all of it. The object may still be invalid. */
export interface RbacWrite {
  readonly operation: string
  readonly resource: { readonly group: string; readonly plural: string }
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
}

export interface EscalationContext {
  readonly authorization: Pick<Authorization, 'authorize'>
  readonly rbac: Pick<RbacAuthorizer, 'rolesFor' | 'rulesOfRole'>
  /** What the user is refused itself, it cannot grant to others, whatever its roles are. */
  readonly denyRules: ConcerningRules
  /**
   * The aggregating ClusterRoles. With them, a label that adds a role's rules to admin, edit, view or another aggregating role needs
   * `escalate` on that role too. Undefined (Kubernetes' own behaviour): labels are free.
   */
  readonly aggregatingRoles?: () => readonly ClusterRole[]
}

const escalatable = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'])
const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/** A rule with a thousand groups, resources and verbs each is a short text but stands for a billion rights. */
const maxPieces = 50_000
/** Limit of comparisons of pieces with held roles: some tens of milliseconds. */
const maxSteps = 200_000
/** Limits of the missing pieces that are compacted to rules, of their text, and of the rules' text. */
const maxListed = { pieces: 1000, pieceCharacters: 2 ** 18, characters: 16_384 }

/** The refusal in upstream's words; undefined if the write may proceed. */
export async function checkRbacEscalation(request: RbacWrite, context: EscalationContext): Promise<ApiError | undefined> {
  const { resource, operation, object, oldObject, user } = request
  if (resource.group !== rbacGroup || !escalatable.has(resource.plural) || request.subresource !== '') return undefined
  if ((operation !== 'CREATE' && operation !== 'UPDATE') || object === undefined) return undefined
  if (user.groups.includes(systemMasters)) return undefined
  if (oldObject !== undefined && onlyGarbageCollectionFields(object, oldObject)) return undefined
  return resource.plural.endsWith('bindings') ? checkBinding(request, context) : checkRole(request, context)
}

async function checkRole(request: RbacWrite, context: EscalationContext): Promise<ApiError | undefined> {
  const { resource, namespace } = request
  const role: ClusterRole = request.object ?? { metadata: {} }
  const old: ClusterRole | undefined = request.oldObject
  const name = role.metadata.name ?? request.name
  const refuse = (why: string) => forbidden(resource, name, why)
  if (await may(request, 'escalate', resource.plural, namespace, request.name, context)) return undefined
  // A rule without verbs grants nothing; its own rules say what is wrong with it.
  const rules = (role.rules ?? []).filter(({ verbs }) => Array.isArray(verbs))
  const missing = missingRights(request, namespace, rules, context)
  if (missing !== undefined) return refuse(missing)
  if (resource.plural !== 'clusterroles') return undefined
  // An aggregation rule collects whatever matches later, so only a user with all rights may set it.
  if ((gathers(role) || gathers(old)) && missingRights(request, '', everything, context) !== undefined) {
    return refuse('must have cluster-admin privileges to use the aggregationRule')
  }
  for (const target of context.aggregatingRoles?.() ?? []) {
    const targetName = target.metadata.name ?? ''
    if (targetName === name || !aggregationSelects(target, role)) continue
    if (old !== undefined && aggregationSelects(target, old) && isDeepStrictEqual(old.rules, role.rules)) continue
    if (!(await may(request, 'escalate', 'clusterroles', '', targetName, context))) {
      return refuse(`its labels would add its rules to ClusterRole "${targetName}", which needs the verb "escalate" on it`)
    }
  }
  return undefined
}

const gathers = (role: ClusterRole | undefined): boolean => (role?.aggregationRule?.clusterRoleSelectors ?? []).length > 0

async function checkBinding(request: RbacWrite, context: EscalationContext): Promise<ApiError | undefined> {
  const { object, resource, namespace } = request
  if (object === undefined || !isBinding(object)) return undefined
  const { roleRef } = object
  // A binding cannot refer to anything else; validation reports it.
  if (roleRef.kind !== 'Role' && roleRef.kind !== 'ClusterRole') return undefined
  const plural = roleRef.kind === 'Role' ? 'roles' : 'clusterroles'
  if (await may(request, 'bind', plural, namespace, roleRef.name, context)) return undefined
  const rules = context.rbac.rulesOfRole(roleRef.kind, roleRef.kind === 'Role' ? namespace : '', roleRef.name)
  // Upstream names the resource of the request, not that of the role.
  if (rules === undefined) return notFound(resource, roleRef.name)
  const missing = missingRights(request, namespace, rules, context)
  return missing === undefined ? undefined : forbidden(resource, object.metadata.name ?? request.name, missing)
}

const isBinding = (object: KubeObject): object is RoleBinding => 'roleRef' in object && typeof object.roleRef === 'object'

async function may(
  request: RbacWrite,
  verb: string,
  plural: string,
  namespace: string,
  name: string,
  context: EscalationContext,
): Promise<boolean> {
  const attributes: Attributes = {
    user: request.user,
    verb,
    isResource: true,
    group: rbacGroup,
    version: '*',
    resource: plural,
    subresource: '',
    namespace,
    name,
    path: '',
  }
  return (await context.authorization.authorize(attributes, request)).allowed
}

function missingRights(
  { user, resource }: RbacWrite,
  namespace: string,
  wanted: readonly PolicyRule[],
  context: EscalationContext,
): string | undefined {
  const pieces = pieceCount(wanted)
  const held = context.rbac.rolesFor(user, namespace)
  const missing = pieces > maxPieces ? undefined : uncoveredRules(held.roles, wanted, { left: maxSteps })
  if (missing === undefined)
    return `the rules stand for ${pieces} single rights, which are too many to be compared with those of user ${goQuote(user.name)}`
  if (missing.length === 0) {
    const denied = deniedGrant(context.denyRules, user, namespace, wanted)
    return denied && `user ${goQuote(user.name)} may not grant them: ${denied}`
  }
  // Here too upstream names the resource of the request, whatever kind of role is missing.
  const unresolved = [...new Set(held.missing.listed.map(role => notFound(resource, cut(role.name)).message))]
  if (held.missing.more > 0) unresolved.push(`${held.missing.more} more roles not found`)
  const errors = unresolved.length === 0 ? '' : `; resolution errors: [${aggregated(unresolved)}]`
  const text = `user ${goQuote(user.name)} (groups=${goQuotedList(user.groups)}) is attempting to grant RBAC permissions not currently held:`
  return `${text}\n${listRules(missing)}${errors}`
}

/** As upstream lists them, within the limits. */
function listRules(missing: readonly PolicyRule[]): string {
  const pieces = firstPieces(missing, maxListed.pieces, maxListed.pieceCharacters)
  const lines: string[] = []
  let left = maxListed.characters
  for (const line of [...new Set(compactRules(pieces).map(ruleText))].sort()) {
    left -= line.length
    if (left < 0) break
    lines.push(line)
  }
  if (pieces.length < missing.length || left < 0)
    lines.push(`… of ${missing.length} single rights, which are too many or too long to be listed`)
  return lines.join('\n')
}

/** Finalizers and owner references may always change, because the garbage collector needs them. */
function onlyGarbageCollectionFields(object: KubeObject, old: KubeObject): boolean {
  const strip = ({ metadata, ...rest }: KubeObject) => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _fields, resourceVersion: _version, ...kept } = metadata
    return { ...rest, metadata: kept }
  }
  return isDeepStrictEqual(strip(object), strip(old))
}
