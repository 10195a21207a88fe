// Bulkhead's grants in addition to Kubernetes' own policy. Join tickets need no role: the JoinTicket authorizer grants their two rights.

import { deniedCredentials, denyRight } from '../../api/credentials/denied-credentials-names.ts'
import { everyVerb, read, recordEvents, rule, urls, write } from '../../api/policy-rule.ts'
import { administratorsGroup } from '../access.ts'
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../rules/rbac-object.ts'
import {
  ownControllerBindings,
  ownControllerNamespaceBindings,
  ownControllerNamespaceRoles,
  ownControllerRoles,
} from './controller-roles.ts'
import { aggregatesTo, clusterRole, clusterRoleBinding, group, role, serviceAccount } from './policy-object.ts'

const administrators = 'bulkhead:administrators'
const credentialDenier = 'bulkhead:credential-denier'

/** Users bound to bulkhead:credential-denier maintain the list of denied credentials; by default there are none. */
export const ownRoles: readonly Role[] = [
  role('kube-system', credentialDenier, [
    rule(denyRight.verb, denyRight.group, denyRight.resource),
    rule('get list watch patch update', 'core', 'configmaps', deniedCredentials.name),
  ]),
  ...ownControllerNamespaceRoles,
]

export const ownRoleBindings: readonly RoleBinding[] = ownControllerNamespaceBindings

const clusterDns = 'bulkhead:cluster-dns'
const artifacts = 'bulkhead:artifacts'
const networkPolicyKeeper = 'bulkhead:network-policy-keeper'
const nodeProxier = 'bulkhead:node-proxier'
/** Begins with `system:` like all roles for all users, so that it does not count as a grant to an account. */
const why = 'system:bulkhead:why'
/**
 * Equal to the role "system:aggregated-metrics-reader" in metrics-server's manifests; a role of that name would break their "kubectl create
 * -f".
 */
const metricsReader = 'bulkhead:metrics-reader'

const supply = 'supply.bulkhead.dev'

/**
 * The DNS part reads only what names resolve to. The part `artifacts` writes what it found out, and reads of pods only their images. Who may
 * edit a namespace may not change its image policies, which would accept one's own images.
 */
export const ownClusterRoles: readonly ClusterRole[] = [
  clusterRole(nodeProxier, [
    rule(read, 'core', 'services endpoints'),
    rule(read, 'discovery.k8s.io', 'endpointslices'),
    rule('list watch', 'networking.k8s.io', 'servicecidrs'),
  ]),
  clusterRole(networkPolicyKeeper, [
    rule('list watch', 'networking.k8s.io', 'networkpolicies'),
    rule('list watch', 'bulkhead.dev', 'namespacelabels nodelinks podaddresses'),
  ]),
  clusterRole(metricsReader, [rule(read, 'metrics.k8s.io', 'pods nodes')], {
    ...aggregatesTo('admin'),
    ...aggregatesTo('edit'),
    ...aggregatesTo('view'),
  }),
  clusterRole(artifacts, [
    rule(everyVerb, supply, 'images'),
    rule(read, supply, 'clusterimagepolicies imagepolicies podimages trustroots'),
    rule('patch update', supply, 'trustroots/status'),
    recordEvents,
  ]),
  clusterRole(
    'bulkhead:aggregate-supply-to-view',
    [rule(read, supply, 'clusterimagepolicies imagepolicies images podimages trustroots')],
    aggregatesTo('view'),
  ),
  clusterRole('bulkhead:aggregate-supply-to-admin', [rule(write, supply, 'imagepolicies')], aggregatesTo('admin')),
  clusterRole(why, [urls('get', '/bulkhead/v1/why /bulkhead/v1/why/*')]),
  ...ownControllerRoles,
  clusterRole(clusterDns, [rule('list watch', 'core', 'services namespaces'), rule('list watch', 'discovery.k8s.io', 'endpointslices')]),
]

/**
 * A node maintains its own service rules, so it reads services and endpoints, but not nodes, as upstream's system:node-proxier can. It
 * maintains its own rules for network policies, so it reads those, labels of namespaces, and labels and addresses of other nodes' pods, and
 * how their nodes are reached, but nothing else of them. Everybody may ask why their own requests were refused; for others' requests the endpoint checks a separate right.
 */
export const ownClusterRoleBindings: readonly ClusterRoleBinding[] = [
  ...ownControllerBindings,
  // Unlike system:masters, it can be taken away: by deleting the binding, or by a webhook that denies.
  clusterRoleBinding(administrators, [group(administratorsGroup)], 'cluster-admin'),
  clusterRoleBinding(artifacts, [serviceAccount('artifacts')]),
  clusterRoleBinding(clusterDns, [serviceAccount('cluster-dns')]),
  clusterRoleBinding(networkPolicyKeeper, [group('system:nodes')]),
  clusterRoleBinding(nodeProxier, [group('system:nodes')]),
  clusterRoleBinding(why, [group('system:authenticated')]),
]
