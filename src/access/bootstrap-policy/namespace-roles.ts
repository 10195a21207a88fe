// Roles and bindings inside kube-system and kube-public.

import { read, rule } from '../../api/policy-rule.ts'
import type { Role, RoleBinding } from '../rules/rbac-object.ts'
import { upstreamControllerNamespaceBindings, upstreamControllerNamespaceRoles } from './controller-roles.ts'
import { role, roleBinding, serviceAccount, user } from './policy-object.ts'

export const namespaceRoles: readonly Role[] = [
  role('kube-system', 'extension-apiserver-authentication-reader', [
    rule(read, 'core', 'configmaps', 'extension-apiserver-authentication'),
  ]),
  role('kube-system', 'system::leader-locking-kube-controller-manager', [
    rule('watch', 'core', 'configmaps'),
    rule('get update', 'core', 'configmaps', 'kube-controller-manager'),
    rule('create get list update watch', 'coordination.k8s.io', 'leases'),
    rule('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
  ]),
  role('kube-system', 'system::leader-locking-kube-scheduler', [
    rule('watch', 'core', 'configmaps'),
    rule('get update', 'core', 'configmaps', 'kube-scheduler'),
    rule('create get list update watch', 'coordination.k8s.io', 'leases'),
    rule('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
  ]),
  role('kube-system', 'system:controller:cloud-provider', [rule('create get list watch', 'core', 'configmaps')]),
  ...upstreamControllerNamespaceRoles,
]

export const namespaceRoleBindings: readonly RoleBinding[] = [
  roleBinding('kube-system', 'system::extension-apiserver-authentication-reader', 'extension-apiserver-authentication-reader', [
    user('system:kube-controller-manager'),
    user('system:kube-scheduler'),
  ]),
  roleBinding('kube-system', 'system::leader-locking-kube-controller-manager', 'system::leader-locking-kube-controller-manager', [
    user('system:kube-controller-manager'),
    serviceAccount('kube-controller-manager'),
    serviceAccount('leader-election-controller'),
  ]),
  roleBinding('kube-system', 'system::leader-locking-kube-scheduler', 'system::leader-locking-kube-scheduler', [
    user('system:kube-scheduler'),
    serviceAccount('kube-scheduler'),
  ]),
  roleBinding('kube-system', 'system:controller:cloud-provider', 'system:controller:cloud-provider', [serviceAccount('cloud-provider')]),
  ...upstreamControllerNamespaceBindings,
]
