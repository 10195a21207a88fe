// The roles and bindings of every cluster: Kubernetes v1.33's defaults and a few of our own.
import { aggregatedRules } from '../rules/cluster-role-aggregation.ts'
import { type ClusterRole, type RbacObject, rbacGroup } from '../rules/rbac-object.ts'
import { clusterRoleBindings } from './cluster-role-bindings.ts'
import { componentRoles } from './component-roles.ts'
import { upstreamControllerRoles } from './controller-roles.ts'
import { generalRoles } from './general-roles.ts'
import { namespaceRoleBindings, namespaceRoles } from './namespace-roles.ts'
import { ownClusterRoleBindings, ownClusterRoles, ownRoleBindings, ownRoles } from './own-roles.ts'
import { aggregatesTo, clusterRole, type UserFacing } from './policy-object.ts'
import { aggregatedRoles } from './user-facing-roles.ts'

/** admin aggregates edit, and edit aggregates view. */
const userFacing: readonly { readonly name: UserFacing; readonly partOf?: UserFacing }[] = [
  { name: 'view', partOf: 'edit' },
  { name: 'edit', partOf: 'admin' },
  { name: 'admin' },
]

function userFacingRoles(): ClusterRole[] {
  const made: ClusterRole[] = []
  for (const { name, partOf } of userFacing) {
    const role: ClusterRole = {
      ...clusterRole(name, [], partOf === undefined ? {} : aggregatesTo(partOf)),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregatesTo(name) }] },
    }
    made.push({ ...role, rules: aggregatedRules(role, [...aggregatedRoles, ...made]) ?? [] })
  }
  return made
}

export const upstreamClusterRoles: readonly ClusterRole[] = [
  ...userFacingRoles(),
  ...aggregatedRoles,
  ...generalRoles,
  ...componentRoles,
  ...upstreamControllerRoles,
]

/** Kubernetes' own objects, in an order in which they can be created. */
export const upstreamPolicy: readonly RbacObject[] = [
  ...upstreamClusterRoles.map(object => ({ kind: 'ClusterRole', object }) as const),
  ...clusterRoleBindings.map(object => ({ kind: 'ClusterRoleBinding', object }) as const),
  ...namespaceRoles.map(object => ({ kind: 'Role', object }) as const),
  ...namespaceRoleBindings.map(object => ({ kind: 'RoleBinding', object }) as const),
]

/** All objects that the server maintains at start. They are shared: copy before changing. */
export const bootstrapPolicy: readonly RbacObject[] = [
  ...upstreamPolicy,
  ...ownClusterRoles.map(object => ({ kind: 'ClusterRole', object }) as const),
  ...ownClusterRoleBindings.map(object => ({ kind: 'ClusterRoleBinding', object }) as const),
  ...ownRoles.map(object => ({ kind: 'Role', object }) as const),
  ...ownRoleBindings.map(object => ({ kind: 'RoleBinding', object }) as const),
]

/** The resource of each kind. */
export const pluralOfKind: Readonly<Record<RbacObject['kind'], string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
}

export { rbacGroup }
