// Attempts to grant more than one holds, as an account that may write roles and bindings and read ConfigMaps. All are dry runs.
import type { PolicyRule, Subject } from '../../../api/types/rbac-v1.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest } from '../../request.ts'

export interface EscalationNames {
  readonly namespace: string
  /** ClusterRoles and accounts of this run begin with it. */
  readonly prefix: string
  readonly account: string
}

export interface EscalationCase {
  readonly name: string
  readonly request: ProofRequest
  /** What the refusal must say; undefined for a twin that is accepted. */
  readonly refusedBy: string | undefined
}

const group = 'rbac.authorization.k8s.io'
const api = `/apis/${group}/v1`
const dryRun = 'dryRun=All'
const notHeld = 'is attempting to grant RBAC permissions not currently held'
const needsAll = 'must have cluster-admin privileges to use the aggregationRule'
/** Only of these names. */
const named: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['services'], resourceNames: ['a'] }
const read: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] }

/** What the account holds in its namespace, besides `clusterRights` everywhere. */
export const namespaceRights: readonly PolicyRule[] = [
  { verbs: ['create', 'update', 'patch', 'get'], apiGroups: [group], resources: ['roles', 'rolebindings'] },
  read,
  named,
]
export const clusterRights: readonly PolicyRule[] = [
  { verbs: ['create', 'update', 'patch', 'get'], apiGroups: [group], resources: ['clusterroles', 'clusterrolebindings'] },
]
/** Roles of the namespace before the attack: one within what the account holds, one beyond it. */
export const weakRole = { metadata: { name: 'weak' }, rules: [read] }
export const strongRole = { metadata: { name: 'strong' }, rules: [{ ...read, resources: ['secrets'] }] }
export const strongBinding = binding('strong', 'Role', 'strong', [])

/** One step wider than what the account holds. */
const widerRules: readonly (readonly [string, PolicyRule])[] = [
  ['another verb', { ...read, verbs: ['list'] }],
  ['one verb more', { ...read, verbs: ['get', 'list'] }],
  ['all verbs', { ...read, verbs: ['*'] }],
  ['another resource', { ...read, resources: ['secrets'] }],
  ['all resources', { ...read, resources: ['*'] }],
  ['a subresource', { ...read, resources: ['configmaps/status'] }],
  ['one name more', { ...named, resourceNames: ['a', 'b'] }],
  ['all names', { verbs: ['get'], apiGroups: [''], resources: ['services'] }],
  ['another group', { ...read, apiGroups: ['apps'] }],
  ['all groups', { ...read, apiGroups: ['*'] }],
  ['the verb escalate', { verbs: ['escalate'], apiGroups: [group], resources: ['roles'] }],
  ['the verb bind', { verbs: ['bind'], apiGroups: [group], resources: ['roles'] }],
  ['the verb impersonate', { verbs: ['impersonate'], apiGroups: [''], resources: ['serviceaccounts'] }],
]

export function escalationCases({ namespace, prefix, account }: EscalationNames): readonly EscalationCase[] {
  const roles = `${api}/namespaces/${namespace}/roles`
  const bindings = `${api}/namespaces/${namespace}/rolebindings`
  const own = [{ kind: 'ServiceAccount', name: account, namespace }]
  const post = (path: string, body: object): ProofRequest => ({ method: 'POST', path: `${path}?${dryRun}`, body })
  const put = (path: string, body: object): ProofRequest => ({ method: 'PUT', path: `${path}?${dryRun}`, body })
  const patch = (path: string, body: object, contentType: string): ProofRequest => ({
    ...{ method: 'PATCH', path: `${path}?${dryRun}${contentType === applyPatch ? '&fieldManager=bulkhead-prove' : ''}`, body, contentType },
  })
  const role = (rules: readonly PolicyRule[], more: object = {}) => ({ metadata: { name: 'made', ...more }, rules })
  const wide = [read, { ...read, resources: ['secrets'] }]
  const clusterRole = (rules: readonly PolicyRule[], labels: Readonly<Record<string, string>> = {}) => ({
    metadata: { name: `${prefix}-made`, labels },
    rules,
  })
  const secretsOfAll = { ...read, resources: ['secrets'] }
  const accepted = (name: string, request: ProofRequest): EscalationCase => ({ name, request, refusedBy: undefined })
  const refused = (name: string, request: ProofRequest, refusedBy = notHeld): EscalationCase => ({ name, request, refusedBy })
  return [
    accepted('create of a Role with the same right', post(roles, role([read]))),
    accepted('create of a Role with a right to one name', post(roles, role([{ ...read, resourceNames: ['a'] }]))),
    accepted('create of a Role with its right to one name', post(roles, role([named]))),
    ...widerRules.map(([name, rule]) => refused(`create of a Role with ${name}`, post(roles, role([rule])))),
    refused('create of a Role with one more rule', post(roles, role(wide))),
    accepted('update of a Role within its rights', put(`${roles}/weak`, weakRole)),
    refused('update of a Role', put(`${roles}/weak`, { ...weakRole, rules: wide })),
    refused('merge patch of a Role', patch(`${roles}/weak`, { rules: wide }, mergePatch)),
    refused('JSON patch of a Role', patch(`${roles}/weak`, [{ op: 'add', path: '/rules/-', value: wide[1] }], jsonPatch)),
    refused('apply of a Role', patch(`${roles}/made`, { apiVersion: `${group}/v1`, kind: 'Role', ...role([secretsOfAll]) }, applyPatch)),
    accepted('create of a RoleBinding to a Role within its rights', post(bindings, binding('made', 'Role', 'weak', own))),
    refused('create of a RoleBinding to a Role', post(bindings, binding('made', 'Role', 'strong', own))),
    refused('create of a RoleBinding to cluster-admin', post(bindings, binding('made', 'ClusterRole', 'cluster-admin', own))),
    refused('create of a RoleBinding to view', post(bindings, binding('made', 'ClusterRole', 'view', own))),
    refused('update of the subjects of a RoleBinding', put(`${bindings}/strong`, binding('strong', 'Role', 'strong', own))),
    refused('merge patch of the subjects of a RoleBinding', patch(`${bindings}/strong`, { subjects: own }, mergePatch)),
    refused('create of a ClusterRole', post(`${api}/clusterroles`, clusterRole([secretsOfAll]))),
    refused('create of a ClusterRole with what it holds in one namespace', post(`${api}/clusterroles`, clusterRole([read]))),
    refused(
      'create of a ClusterRole with URLs',
      post(`${api}/clusterroles`, clusterRole([{ verbs: ['get'], nonResourceURLs: ['/metrics'] }])),
    ),
    accepted('create of a ClusterRole with its rights', post(`${api}/clusterroles`, clusterRole(clusterRights))),
    refused(
      'create of a ClusterRole that collects others',
      post(`${api}/clusterroles`, {
        ...clusterRole([]),
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'bulkhead-prove.invalid/all': 'x' } }] },
      }),
      needsAll,
    ),
    refused(
      'create of a ClusterRole for all administrators of namespaces',
      post(`${api}/clusterroles`, clusterRole(clusterRights, { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' })),
      'its labels would add its rules to ClusterRole "admin"',
    ),
    refused(
      'update of a ClusterRole',
      put(`${api}/clusterroles/${prefix}-weak`, { metadata: { name: `${prefix}-weak` }, rules: [secretsOfAll] }),
    ),
    refused('patch of a ClusterRole', patch(`${api}/clusterroles/${prefix}-weak`, { rules: [secretsOfAll] }, mergePatch)),
    refused(
      'create of a ClusterRoleBinding to cluster-admin',
      post(`${api}/clusterrolebindings`, binding(`${prefix}-made`, 'ClusterRole', 'cluster-admin', own)),
    ),
    refused(
      'create of a ClusterRoleBinding to a ClusterRole',
      post(`${api}/clusterrolebindings`, binding(`${prefix}-made`, 'ClusterRole', 'view', own)),
    ),
    accepted(
      'create of a ClusterRoleBinding to its own ClusterRole',
      post(`${api}/clusterrolebindings`, binding(`${prefix}-made`, 'ClusterRole', `${prefix}-weak`, own)),
    ),
  ]
}

/** As an account that may also bind one Role by its name. */
export function bindCases({ namespace, account }: EscalationNames): readonly EscalationCase[] {
  const path = `${api}/namespaces/${namespace}/rolebindings?${dryRun}`
  const own = [{ kind: 'ServiceAccount', name: account, namespace }]
  return [
    {
      name: 'bind of the Role that it may bind',
      request: { method: 'POST', path, body: binding('made', 'Role', 'strong', own) },
      refusedBy: undefined,
    },
    { name: 'bind of another Role', request: { method: 'POST', path, body: binding('made', 'Role', 'other', own) }, refusedBy: notHeld },
    {
      name: 'bind of a ClusterRole',
      request: { method: 'POST', path, body: binding('made', 'ClusterRole', 'cluster-admin', own) },
      refusedBy: notHeld,
    },
  ]
}

/** As an account that may also escalate Roles. */
export function escalateCases({ namespace, prefix }: EscalationNames): readonly EscalationCase[] {
  const body = (name: string) => ({ metadata: { name }, rules: strongRole.rules })
  return [
    {
      name: 'escalate of Roles',
      request: { method: 'POST', path: `${api}/namespaces/${namespace}/roles?${dryRun}`, body: body('made') },
      refusedBy: undefined,
    },
    {
      name: 'escalate of ClusterRoles',
      request: { method: 'POST', path: `${api}/clusterroles?${dryRun}`, body: body(`${prefix}-made`) },
      refusedBy: notHeld,
    },
  ]
}

function binding(name: string, kind: 'Role' | 'ClusterRole', role: string, subjects: Subject[]) {
  return { metadata: { name }, roleRef: { apiGroup: group, kind, name: role }, subjects }
}
