// Roles of controllers and their ServiceAccounts in kube-system. Each controller's file in src/controllers defines its rights;
// `generated/controller-grants.json` is a copy, so that the server need not load the controllers.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '../rules/rbac-object.ts'
import { absentControllerRoles } from './absent-controller-roles.ts'
import data from './generated/controller-grants.json' with { type: 'json' }
import { clusterRole, clusterRoleBinding, role, roleBinding, serviceAccount } from './policy-object.ts'

interface ControllerGrants {
  readonly account: string
  readonly own?: boolean
  readonly rules: readonly PolicyRule[]
  readonly roles?: readonly { readonly namespace: string; readonly name?: string; readonly rules: readonly PolicyRule[] }[]
}

const grants: readonly ControllerGrants[] = data
const upstreamPrefix = 'system:controller:'

const nameOf = ({ account, own }: ControllerGrants): string => `${own === true ? 'bulkhead:controller:' : upstreamPrefix}${account}`
const nameIn = ({ metadata: { name = '' } }: ClusterRole): string => name
const ofCluster = grants.filter(({ rules }) => rules.length > 0)

/** Kubernetes' own, in the order of their names. */
export const upstreamControllerRoles: readonly ClusterRole[] = [
  ...ofCluster.filter(({ own }) => own !== true).map(granted => clusterRole(nameOf(granted), granted.rules)),
  ...absentControllerRoles,
].sort((a, b) => (nameIn(a) < nameIn(b) ? -1 : 1))

export const upstreamControllerBindings: readonly ClusterRoleBinding[] = upstreamControllerRoles.map(of =>
  clusterRoleBinding(nameIn(of), [serviceAccount(nameIn(of).slice(upstreamPrefix.length))]),
)

const ownOfCluster = ofCluster.filter(({ own }) => own === true)
export const ownControllerRoles: readonly ClusterRole[] = ownOfCluster.map(granted => clusterRole(nameOf(granted), granted.rules))
export const ownControllerBindings: readonly ClusterRoleBinding[] = ownOfCluster.map(granted =>
  clusterRoleBinding(nameOf(granted), [serviceAccount(granted.account)]),
)

/** `upstream`: whether Kubernetes has this role. */
const inNamespaces = grants.flatMap(granted =>
  (granted.roles ?? []).map(({ namespace, name, rules }) => {
    const upstream = granted.own !== true && name === undefined
    return { upstream, namespace, name: name ?? nameOf(granted), account: granted.account, rules }
  }),
)
const rolesIn = (upstream: boolean): Role[] =>
  inNamespaces.filter(own => own.upstream === upstream).map(({ namespace, name, rules }) => role(namespace, name, rules))
const bindingsIn = (upstream: boolean): RoleBinding[] =>
  inNamespaces
    .filter(own => own.upstream === upstream)
    .map(({ namespace, name, account }) => roleBinding(namespace, name, name, [serviceAccount(account)]))

export const upstreamControllerNamespaceRoles: readonly Role[] = rolesIn(true)
export const upstreamControllerNamespaceBindings: readonly RoleBinding[] = bindingsIn(true)
export const ownControllerNamespaceRoles: readonly Role[] = rolesIn(false)
export const ownControllerNamespaceBindings: readonly RoleBinding[] = bindingsIn(false)

/** The controllers' ServiceAccounts in kube-system: the signer certifies no others. */
export const controllerAccounts: readonly string[] = [
  ...absentControllerRoles.map(of => nameIn(of).slice(upstreamPrefix.length)),
  ...grants.map(({ account }) => account),
]
