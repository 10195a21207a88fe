// Roles of Kubernetes v1.33's controllers that do not exist in src/controllers: they do not run here, except the one for quotas, which is
// part of the API server.

import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { ClusterRole } from '../rules/rbac-object.ts'
import { clusterRole } from './policy-object.ts'

export const absentControllerRoles: readonly ClusterRole[] = [
  clusterRole('system:controller:expand-controller', [
    rule('get list patch update watch', 'core', 'persistentvolumes'),
    rule('patch update', 'core', 'persistentvolumeclaims/status'),
    rule(read, 'core', 'persistentvolumeclaims'),
    recordEvents,
    rule('get', 'core', 'services'),
  ]),
  clusterRole('system:controller:legacy-service-account-token-cleaner', [
    rule('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'),
    rule('delete patch', 'core', 'secrets'),
  ]),
  clusterRole('system:controller:resourcequota-controller', [
    rule('list watch', '*', '*'),
    rule('update', 'core', 'resourcequotas/status'),
    recordEvents,
  ]),
  clusterRole('system:controller:route-controller', [
    rule('list watch', 'core', 'nodes'),
    rule('patch', 'core', 'nodes/status'),
    recordEvents,
  ]),
  clusterRole('system:controller:selinux-warning-controller', [
    recordEvents,
    rule(read, 'core', 'persistentvolumes'),
    rule(read, 'core', 'persistentvolumeclaims'),
    rule(read, 'core', 'pods'),
    rule(read, 'storage.k8s.io', 'csidrivers'),
  ]),
  clusterRole('system:controller:service-ca-cert-publisher', [rule('create update', 'core', 'configmaps'), recordEvents]),
  clusterRole('system:controller:service-controller', [
    rule(read, 'core', 'services'),
    rule('patch update', 'core', 'services/status'),
    rule('list watch', 'core', 'nodes'),
    recordEvents,
  ]),
]
