// The objects of the bootstrap policy, with the labels and annotations by which the server maintains them.

import type { PolicyRule } from '../../api/types/rbac-v1.ts'
import {
  type ClusterRole,
  type ClusterRoleBinding,
  type Role,
  type RoleBinding,
  rbacGroup,
  rbacVersion,
  type Subject,
} from '../rules/rbac-object.ts'

export const autoupdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate'
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }

function metadata(name: string, namespace?: string, extraLabels: Record<string, string> = {}) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...labels, ...extraLabels },
    annotations: { [autoupdateAnnotation]: 'true' },
  }
}

export function clusterRole(name: string, rules: readonly PolicyRule[], extraLabels: Record<string, string> = {}): ClusterRole {
  return { apiVersion: rbacVersion, kind: 'ClusterRole', metadata: metadata(name, undefined, extraLabels), rules: [...rules] }
}

export function role(namespace: string, name: string, rules: readonly PolicyRule[]): Role {
  return { apiVersion: rbacVersion, kind: 'Role', metadata: metadata(name, namespace), rules: [...rules] }
}

export type UserFacing = 'admin' | 'edit' | 'view'

/** The label by which admin, edit or view aggregates a role's rules. */
export function aggregatesTo(target: UserFacing): Record<string, string> {
  return { [`${rbacGroup}/aggregate-to-${target}`]: 'true' }
}

export const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name })
export const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name })
/** An account in kube-system. */
export const serviceAccount = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' })

export function clusterRoleBinding(name: string, subjects: Subject[], roleName = name): ClusterRoleBinding {
  return {
    apiVersion: rbacVersion,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    ...(subjects.length === 0 ? {} : { subjects }),
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: roleName },
  }
}

export function roleBinding(namespace: string, name: string, roleName: string, subjects: Subject[]): RoleBinding {
  return {
    apiVersion: rbacVersion,
    kind: 'RoleBinding',
    metadata: metadata(name, namespace),
    subjects,
    roleRef: { apiGroup: rbacGroup, kind: 'Role', name: roleName },
  }
}
