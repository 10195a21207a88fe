// Bulkhead's grants in addition to Kubernetes' own policy. Join tickets need no role: the JoinTicket authorizer grants their two rights.

import { deniedCredentials, denyRight } from '../../api/credentials/denied-credentials-names.ts'
import { lowerRight } from '../../api/data-classes/data-class.ts'
import { everyVerb, read, recordEvents, rule, urls, write } from '../../api/policy-rule.ts'
import { mirrorCredentials } from '../../api/registry-mirrors.ts'
import { registryAudience } from '../../api/repository-name.ts'
import { administratorsGroup } from '../access.ts'
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../rules/rbac-object.ts'
import {
  ownControllerBindings,
  ownControllerNamespaceBindings,
  ownControllerNamespaceRoles,
  ownControllerRoles,
} from './controller-roles.ts'
import { aggregatesTo, clusterRole, clusterRoleBinding, group, role, roleBinding, serviceAccount } from './policy-object.ts'

const administrators = 'bulkhead:administrators'
const credentialDenier = 'bulkhead:credential-denier'

/** Everybody may learn where the cluster's own registry is. */
const registryInfo = 'system:bulkhead:registry-info'

/** Passwords of mirrors: for whatever reads images of them. */
const mirrorSecret = 'bulkhead:registry-mirror-credentials'

/** Users bound to bulkhead:credential-denier maintain the list of denied credentials; by default there are none. */
export const ownRoles: readonly Role[] = [
  role('kube-system', credentialDenier, [
    rule(denyRight.verb, denyRight.group, denyRight.resource),
    rule('get list watch patch update', 'core', 'configmaps', deniedCredentials.name),
  ]),
  role(mirrorCredentials.namespace, mirrorSecret, [rule('get list watch', 'core', 'secrets', mirrorCredentials.name)]),
  role('kube-public', registryInfo, [rule('get', 'core', 'configmaps', 'local-registry-hosting')]),
  ...ownControllerNamespaceRoles,
]

export const ownRoleBindings: readonly RoleBinding[] = [
  roleBinding('kube-public', registryInfo, registryInfo, [group('system:authenticated')]),
  roleBinding(mirrorCredentials.namespace, mirrorSecret, mirrorSecret, [
    group('system:nodes'),
    serviceAccount('artifacts'),
    serviceAccount('registry'),
  ]),
  ...ownControllerNamespaceBindings,
]

const clusterDns = 'bulkhead:cluster-dns'
const artifacts = 'bulkhead:artifacts'
const backup = 'bulkhead:backup'
const networkPolicyKeeper = 'bulkhead:network-policy-keeper'
const nodeProxier = 'bulkhead:node-proxier'
/** Begins with `system:` like all roles for all users, so that it does not count as a grant to an account. */
const why = 'system:bulkhead:why'
/** The endpoints show only what runs in namespaces whose pods the user may list. */
const software = 'system:bulkhead:software'
/**
 * Equal to the role "system:aggregated-metrics-reader" in metrics-server's manifests; a role of that name would break their "kubectl create
 * -f".
 */
const metricsReader = 'bulkhead:metrics-reader'

const supply = 'supply.bulkhead.dev'
const snapshots = 'snapshot.storage.k8s.io'
const registry = 'bulkhead:registry'
const imagePuller = 'bulkhead:image-puller'
/** Begins with `system:` like all roles for all users. */
const registryLogin = 'system:bulkhead:registry-login'

/**
 * The DNS part reads only what names resolve to. The part `artifacts` writes what it found out, and reads of pods only their images. Who may
 * edit a namespace may not change its image policies, and an exception takes a grant of its own: both would accept one's own images.
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
    rule(
      read,
      supply,
      'advisorysources clusterexceptions clusterimagepolicies exceptions externalcomponents imagepolicies podimages registrymirrors trustroots',
    ),
    rule('patch update', supply, 'advisorysources/status externalcomponents/status trustroots/status'),
    recordEvents,
  ]),
  // Its paths show every object with its content, so only that part gets them.
  clusterRole(backup, [
    urls('get', '/bulkhead/v1/backup/* /bulkhead/v1/build'),
    rule(`${everyVerb}`, 'bulkhead.dev', 'backups'),
    rule(read, 'bulkhead.dev', 'backupschedules'),
    rule('patch update', 'bulkhead.dev', 'backups/status backupschedules/status'),
    rule('create get patch', 'bulkhead.dev', 'proofresults'),
    rule('get', 'core', 'namespaces', 'kube-system'),
    recordEvents,
  ]),
  // The part `registry` learns of each request whether it is allowed, and where it gets the images of others.
  clusterRole(registry, [rule('create', supply, 'repositoryaccessreviews'), rule('list watch', supply, 'registrymirrors')]),
  clusterRole(registryLogin, [rule('create', supply, 'registrytokens')]),
  // A node asks with a token of each pod before it gives the pod an image of the cluster's registry.
  clusterRole(imagePuller, [
    rule('create', supply, 'repositoryaccessreviews'),
    rule('list watch', supply, 'registrymirrors'),
    rule('request-serviceaccounts-token-audience', 'core', registryAudience),
  ]),
  // For RoleBindings: whoever may not pull gets no image, and that includes the pods of a namespace.
  clusterRole('bulkhead:repository-puller', [rule('pull', supply, 'repositories')]),
  clusterRole('bulkhead:repository-pusher', [rule('pull push', supply, 'repositories')]),
  // Who administers a namespace may lower the class of what is in it, not that of the namespace itself.
  clusterRole(
    'bulkhead:aggregate-data-classes-to-admin',
    [rule(lowerRight.verb, lowerRight.group, lowerRight.resource)],
    aggregatesTo('admin'),
  ),
  clusterRole('bulkhead:aggregate-repositories-to-edit', [rule('pull push', supply, 'repositories')], aggregatesTo('edit')),
  clusterRole('bulkhead:aggregate-repositories-to-admin', [rule('pull push delete', supply, 'repositories')], aggregatesTo('admin')),
  clusterRole(
    'bulkhead:aggregate-supply-to-view',
    [
      rule(
        read,
        supply,
        'advisorysources clusterexceptions clusterimagepolicies clustermanifestpolicies exceptions externalcomponents imagepolicies images manifestpolicies podimages registrymirrors trustroots',
      ),
    ],
    aggregatesTo('view'),
  ),
  // Snapshots of a namespace's own claims. Their contents and classes are of the whole cluster, and an administrator's.
  clusterRole('bulkhead:aggregate-snapshots-to-view', [rule(read, snapshots, 'volumesnapshots')], aggregatesTo('view')),
  clusterRole('bulkhead:aggregate-snapshots-to-edit', [rule(write, snapshots, 'volumesnapshots')], aggregatesTo('edit')),
  clusterRole('bulkhead:aggregate-supply-to-admin', [rule(write, supply, 'imagepolicies')], aggregatesTo('admin')),
  clusterRole(why, [urls('get', '/bulkhead/v1/why /bulkhead/v1/why/*')]),
  clusterRole(software, [urls('get', '/bulkhead/v1/updates /bulkhead/v1/where')]),
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
  clusterRoleBinding(backup, [serviceAccount('backup')]),
  clusterRoleBinding(registry, [serviceAccount('registry')]),
  clusterRoleBinding(imagePuller, [group('system:nodes')]),
  clusterRoleBinding(registryLogin, [group('system:authenticated')]),
  clusterRoleBinding(clusterDns, [serviceAccount('cluster-dns')]),
  clusterRoleBinding(networkPolicyKeeper, [group('system:nodes')]),
  clusterRoleBinding(nodeProxier, [group('system:nodes')]),
  clusterRoleBinding(why, [group('system:authenticated')]),
  clusterRoleBinding(software, [group('system:authenticated')]),
]
