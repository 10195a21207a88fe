// The four kinds of rbac.authorization.k8s.io/v1 with only the fields that the access code reads.
import type { KubeObject } from '../../api/object.ts'
import type { PolicyRule, RoleRef, Subject } from '../../api/types/rbac-v1.ts'

export type { PolicyRule, RoleRef, Subject }

export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

export interface Role extends KubeObject {
  rules?: PolicyRule[] | null
}

export interface ClusterRole extends Role {
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] }
}

export interface RoleBinding extends KubeObject {
  subjects?: Subject[] | null
  roleRef: RoleRef
}

/** Both kinds of bindings have one shape; a ClusterRoleBinding has no namespace. */
export type ClusterRoleBinding = RoleBinding

export const rbacGroup = 'rbac.authorization.k8s.io'
export const rbacVersion = 'rbac.authorization.k8s.io/v1'

export type RbacObject =
  | { readonly kind: 'Role'; readonly object: Role }
  | { readonly kind: 'ClusterRole'; readonly object: ClusterRole }
  | { readonly kind: 'RoleBinding'; readonly object: RoleBinding }
  | { readonly kind: 'ClusterRoleBinding'; readonly object: ClusterRoleBinding }

export type RbacKind = RbacObject['kind']

/**
 * The source of roles and bindings, which the composition supplies from the store's collections. `list` gives the current state, and the
 * listener of `onChange` every later change; a deleted object may have nothing but its name. Objects are frozen and shared.
 */
export interface RbacSource {
  list(): readonly RbacObject[]
  onChange(listener: (change: { readonly deleted: boolean } & RbacObject) => void): void
}
