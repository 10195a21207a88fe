// What Bulkhead grants beside Kubernetes' own policy. Join tickets need no role: the JoinTicket authorizer grants their two rights.
import { deniedCredentials } from '../../api/denied-credentials-names.ts'
import { denyNodesRight, denyRight } from '../denied-credentials.ts'
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../rbac-object.ts'
import {
  aggregatesTo,
  clusterRole,
  clusterRoleBinding,
  group,
  read,
  recordEvents,
  role,
  roleBinding,
  rule,
  serviceAccount,
  urls,
} from './policy-rule.ts'

const ticketConsumer = 'bulkhead:join-ticket-consumer'

const deletedNodeAccount = 'deleted-node-controller'
const deletedNodes = `bulkhead:controller:${deletedNodeAccount}`
const credentialDenier = 'bulkhead:credential-denier'

/**
 * Whoever is bound to bulkhead:credential-denier keeps the list of denied credentials; nobody is from the start.
 * Approving a node's first certificate marks the ticket as used, so that it works once, and removes it when its time is over.
 */
export const ownRoles: readonly Role[] = [
  role('kube-system', credentialDenier, [
    rule(denyRight.verb, denyRight.group, denyRight.resource),
    rule('get list watch patch update', 'core', 'configmaps', deniedCredentials.name),
  ]),
  role('kube-system', deletedNodes, [
    rule(denyNodesRight.verb, denyNodesRight.group, denyNodesRight.resource),
    rule('create', 'core', 'configmaps'),
    rule('get patch', 'core', 'configmaps', deniedCredentials.name),
  ]),
  role('kube-system', ticketConsumer, [rule(read, 'core', 'secrets'), rule('delete patch', 'core', 'secrets')]),
]

export const ownRoleBindings: readonly RoleBinding[] = [
  roleBinding('kube-system', deletedNodes, deletedNodes, [serviceAccount(deletedNodeAccount)]),
  roleBinding('kube-system', ticketConsumer, ticketConsumer, [serviceAccount('certificate-controller')]),
]

const clusterDns = 'bulkhead:cluster-dns'
const namespaceDefaultsAccount = 'namespace-defaults-controller'
const tokenRightsAccount = 'token-rights-controller'
const apiServerAccessAccount = 'api-server-access-controller'
const loadBalancerNoticeAccount = 'load-balancer-notice-controller'
/** ServiceAccounts in kube-system of controllers that Kubernetes does not have. */
export const ownControllerAccounts: readonly string[] = [
  namespaceDefaultsAccount,
  tokenRightsAccount,
  apiServerAccessAccount,
  deletedNodeAccount,
  loadBalancerNoticeAccount,
]
const namespaceDefaults = `bulkhead:controller:${namespaceDefaultsAccount}`
const loadBalancerNotice = `bulkhead:controller:${loadBalancerNoticeAccount}`
const tokenRights = `bulkhead:controller:${tokenRightsAccount}`
const apiServerAccess = `bulkhead:controller:${apiServerAccessAccount}`
const networkPolicyKeeper = 'bulkhead:network-policy-keeper'
const nodeProxier = 'bulkhead:node-proxier'
/** Begins with `system:` as what everybody has does: it must not count as a right that an account was given. */
const why = 'system:bulkhead:why'
/** As the role "system:aggregated-metrics-reader" of metrics-server's manifests, whose "kubectl create -f" a role of that name would break. */
const metricsReader = 'bulkhead:metrics-reader'

/** The controller of namespace defaults makes what the ClusterDefaults say and marks the namespace. The DNS part reads what names lead to, and nothing else. */
export const ownClusterRoles: readonly ClusterRole[] = [
  clusterRole(nodeProxier, [
    rule(read, 'core', 'services endpoints'),
    rule(read, 'discovery.k8s.io', 'endpointslices'),
    rule('list watch', 'networking.k8s.io', 'servicecidrs'),
  ]),
  clusterRole(networkPolicyKeeper, [
    rule('list watch', 'networking.k8s.io', 'networkpolicies'),
    rule('list watch', 'bulkhead.dev', 'namespacelabels podaddresses'),
  ]),
  clusterRole(metricsReader, [rule(read, 'metrics.k8s.io', 'pods nodes')], {
    ...aggregatesTo('admin'),
    ...aggregatesTo('edit'),
    ...aggregatesTo('view'),
  }),
  clusterRole(why, [urls('get', '/bulkhead/v1/why /bulkhead/v1/why/*')]),
  clusterRole(namespaceDefaults, [
    rule('get', 'bulkhead.dev', 'clusterdefaults'),
    rule('patch', 'core', 'namespaces'),
    rule('create', 'core', 'limitranges resourcequotas'),
    rule('create', 'networking.k8s.io', 'networkpolicies'),
    recordEvents,
  ]),
  clusterRole(deletedNodes, [rule('update', 'core', 'nodes')]),
  clusterRole(tokenRights, [
    rule('list watch', 'core', 'pods'),
    rule('patch', 'core', 'pods/status'),
    rule('list watch', 'rbac.authorization.k8s.io', 'rolebindings clusterrolebindings'),
    recordEvents,
  ]),
  clusterRole(apiServerAccess, [
    rule('list watch', 'core', 'namespaces endpoints serviceaccounts'),
    rule('list watch', 'rbac.authorization.k8s.io', 'rolebindings clusterrolebindings'),
    rule('get list watch', 'bulkhead.dev', 'clusterdefaults'),
    rule('create list watch', 'networking.k8s.io', 'networkpolicies'),
    rule('update delete', 'networking.k8s.io', 'networkpolicies', 'allow-api-server'),
  ]),
  clusterRole(loadBalancerNotice, [rule('list watch', 'core', 'services'), recordEvents]),
  clusterRole(clusterDns, [rule('list watch', 'core', 'services namespaces'), rule('list watch', 'discovery.k8s.io', 'endpointslices')]),
]

/**
 * A node keeps its own service rules, so it reads services and endpoints; not the nodes, as upstream's system:node-proxier may. It keeps its own rules for
 * network policies, so it reads those, and labels of namespaces and labels and addresses of
 * other nodes' pods, but nothing else of them. Everybody may ask why its own requests were refused; of others' requests the endpoint asks for a right of its own.
 */
export const ownClusterRoleBindings: readonly ClusterRoleBinding[] = [
  clusterRoleBinding(namespaceDefaults, [serviceAccount(namespaceDefaultsAccount)]),
  clusterRoleBinding(deletedNodes, [serviceAccount(deletedNodeAccount)]),
  clusterRoleBinding(tokenRights, [serviceAccount(tokenRightsAccount)]),
  clusterRoleBinding(apiServerAccess, [serviceAccount(apiServerAccessAccount)]),
  clusterRoleBinding(loadBalancerNotice, [serviceAccount(loadBalancerNoticeAccount)]),
  clusterRoleBinding(clusterDns, [serviceAccount('cluster-dns')]),
  clusterRoleBinding(networkPolicyKeeper, [group('system:nodes')]),
  clusterRoleBinding(nodeProxier, [group('system:nodes')]),
  clusterRoleBinding(why, [group('system:authenticated')]),
]
