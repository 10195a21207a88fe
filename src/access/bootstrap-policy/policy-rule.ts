// The words in which the bootstrap policy is written: lists are strings with spaces, and `core` is the group without a name.
import {
  type ClusterRole,
  type ClusterRoleBinding,
  type PolicyRule,
  type Role,
  type RoleBinding,
  rbacGroup,
  rbacVersion,
  type Subject,
} from '../rbac-object.ts'

export const read = 'get list watch'
export const write = 'create delete deletecollection patch update'
export const everyVerb = 'create delete deletecollection get list patch update watch'

const words = (text: string): string[] => text.split(' ')

export function rule(verbs: string, groups: string, resources: string, resourceNames?: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map(group => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(resourceNames === undefined ? {} : { resourceNames: words(resourceNames) }),
  }
}

export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) }
}

/** Every controller may record events about what it does. */
export const recordEvents = rule('create patch update', 'core events.k8s.io', 'events')

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

export function clusterRole(name: string, rules: PolicyRule[], extraLabels: Record<string, string> = {}): ClusterRole {
  return { apiVersion: rbacVersion, kind: 'ClusterRole', metadata: metadata(name, undefined, extraLabels), rules }
}

export function role(namespace: string, name: string, rules: PolicyRule[]): Role {
  return { apiVersion: rbacVersion, kind: 'Role', metadata: metadata(name, namespace), rules }
}

export type UserFacing = 'admin' | 'edit' | 'view'

/** The label by which admin, edit or view takes in a role's rules. */
export function aggregatesTo(target: UserFacing): Record<string, string> {
  return { [`${rbacGroup}/aggregate-to-${target}`]: 'true' }
}

export const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name })
export const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name })
/** An account in kube-system. */
export const serviceAccount = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' })

export function clusterRoleBinding(name: string, subjects: Subject[]): ClusterRoleBinding {
  return {
    apiVersion: rbacVersion,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    ...(subjects.length === 0 ? {} : { subjects }),
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name },
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
