// What the account of each part of the cluster may do, of what an intruder would want. A right that is not listed is none.

/** `<verb> <resource>[/<subresource>][.<group>]`: each gives an intruder more than it shows. */
export const dangerousRights: readonly string[] = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'].map(verb => `${verb} secrets`),
  ...['get', 'create', 'update', 'delete'].map(verb => `${verb} configmaps`),
  ...['create', 'update', 'patch', 'delete'].map(verb => `${verb} pods`),
  'create pods/exec',
  'get pods/log',
  'create pods/binding',
  'update pods/status',
  'update pods/ephemeralcontainers',
  'create serviceaccounts',
  'update serviceaccounts',
  'create serviceaccounts/token',
  ...['serviceaccounts', 'users', 'groups'].map(resource => `impersonate ${resource}`),
  ...['create', 'update', 'patch', 'delete'].map(verb => `${verb} nodes`),
  'update nodes/status',
  'get nodes/proxy',
  'create namespaces',
  'update namespaces',
  'delete namespaces',
  'update namespaces/finalize',
  'create persistentvolumes',
  'delete persistentvolumes',
  'update services',
  'update endpoints',
  ...['create roles', 'list roles', 'create clusterroles', 'update clusterroles', 'create rolebindings', 'create clusterrolebindings'].map(
    right => `${right}.rbac.authorization.k8s.io`,
  ),
  'escalate clusterroles.rbac.authorization.k8s.io',
  'bind clusterroles.rbac.authorization.k8s.io',
  'create deployments.apps',
  'update deployments.apps',
  'delete deployments.apps',
  'update deployments/scale.apps',
  'create replicasets.apps',
  'create jobs.batch',
  'update certificatesigningrequests/approval.certificates.k8s.io',
  'update certificatesigningrequests/status.certificates.k8s.io',
  'delete certificatesigningrequests.certificates.k8s.io',
  'create validatingwebhookconfigurations.admissionregistration.k8s.io',
  'update validatingadmissionpolicies.admissionregistration.k8s.io',
  'create apiservices.apiregistration.k8s.io',
  'create customresourcedefinitions.apiextensions.k8s.io',
  'create networkpolicies.networking.k8s.io',
  'delete networkpolicies.networking.k8s.io',
  'update clusterdefaults.bulkhead.dev',
  'create podsecurityexceptions.bulkhead.dev',
  'create denyrules.bulkhead.dev',
  'delete denyrules.bulkhead.dev',
  'deny credentials.access.bulkhead.dev',
  'create tokenreviews.authentication.k8s.io',
  'create subjectaccessreviews.authorization.k8s.io',
]

export interface AccountRights {
  /** In every namespace, and for the whole cluster. */
  readonly everywhere?: readonly string[]
  /** In kube-system beside those. */
  readonly kubeSystem?: readonly string[]
}

const readSecrets = ['get secrets', 'list secrets', 'watch secrets']
const makePods = ['create pods', 'patch pods', 'delete pods']
const reviews = ['create tokenreviews.authentication.k8s.io', 'create subjectaccessreviews.authorization.k8s.io']
/** It adopts and deletes objects of every kind: nothing of a kind is closed to it but what is not an object. */
const garbageCollector = dangerousRights.filter(
  right => /^(get|list|watch|update|patch|delete) /.test(right) && right !== 'create pods/binding',
)

/** ServiceAccounts of kube-system by name, and users by their whole name. */
export const accountRights: Readonly<Record<string, AccountRights>> = {
  'advisory-silence-controller': {},
  'api-server-access-controller': { everywhere: ['create networkpolicies.networking.k8s.io'] },
  artifacts: {},
  'attachdetach-controller': { everywhere: ['update nodes/status'] },
  'bootstrap-signer': { kubeSystem: readSecrets },
  'certificate-controller': {
    everywhere: [
      'update certificatesigningrequests/approval.certificates.k8s.io',
      'update certificatesigningrequests/status.certificates.k8s.io',
      'delete certificatesigningrequests.certificates.k8s.io',
      'create subjectaccessreviews.authorization.k8s.io',
    ],
    kubeSystem: [...readSecrets, 'patch secrets', 'delete secrets'],
  },
  'cluster-dns': {},
  'clusterrole-aggregation-controller': {
    everywhere: ['update clusterroles.rbac.authorization.k8s.io', 'escalate clusterroles.rbac.authorization.k8s.io'],
  },
  'cronjob-controller': { everywhere: ['delete pods', 'create jobs.batch'] },
  'daemon-set-controller': { everywhere: [...makePods, 'create pods/binding'] },
  default: {},
  'deleted-node-controller': { everywhere: ['update nodes'], kubeSystem: ['create configmaps'] },
  'deployment-controller': { everywhere: ['update pods', 'update deployments.apps', 'create replicasets.apps'] },
  'disruption-controller': { everywhere: ['update pods/status'] },
  'endpoint-controller': { everywhere: ['update endpoints'] },
  'endpointslice-controller': {},
  'endpointslicemirroring-controller': {},
  'ephemeral-volume-controller': {},
  'expand-controller': {},
  'generic-garbage-collector': { everywhere: garbageCollector },
  'horizontal-pod-autoscaler': { everywhere: ['update deployments/scale.apps'] },
  'image-findings-controller': { everywhere: ['update pods/status'] },
  'image-verdict-controller': { everywhere: ['update pods/status'] },
  'job-controller': { everywhere: makePods },
  'legacy-service-account-token-cleaner': { everywhere: ['patch secrets', 'delete secrets'] },
  'load-balancer-notice-controller': {},
  'namespace-controller': {
    everywhere: [...dangerousRights.filter(right => /^(get|list|watch|delete) /.test(right)), 'update namespaces/finalize'],
  },
  'namespace-defaults-controller': { everywhere: ['create networkpolicies.networking.k8s.io'] },
  'node-controller': {
    everywhere: ['delete pods', 'update pods/status', 'update nodes', 'patch nodes', 'delete nodes', 'update nodes/status'],
  },
  'persistent-volume-binder': { everywhere: ['create pods', 'delete pods', 'create persistentvolumes', 'delete persistentvolumes'] },
  'pod-garbage-collector': { everywhere: ['delete pods'] },
  'pv-protection-controller': {},
  'pvc-protection-controller': {},
  'replicaset-controller': { everywhere: makePods },
  'replication-controller': { everywhere: makePods },
  'resourcequota-controller': { everywhere: ['list secrets', 'watch secrets', 'list roles.rbac.authorization.k8s.io'] },
  'root-ca-cert-publisher': { everywhere: ['create configmaps', 'update configmaps'] },
  'route-controller': {},
  'selinux-warning-controller': {},
  'service-account-controller': { everywhere: ['create serviceaccounts'] },
  'service-ca-cert-publisher': { everywhere: ['create configmaps', 'update configmaps'] },
  'service-cidrs-controller': {},
  'service-controller': {},
  'statefulset-controller': { everywhere: [...makePods, 'update pods'] },
  'token-cleaner': { kubeSystem: [...readSecrets, 'delete secrets'] },
  'token-rights-controller': {},
  'ttl-after-finished-controller': {},
  'ttl-controller': { everywhere: ['update nodes', 'patch nodes'] },
  'validatingadmissionpolicy-status-controller': {},
  'system:apiserver': {},
  'system:kube-controller-manager': {
    everywhere: [
      ...readSecrets,
      'create secrets',
      'update secrets',
      'delete secrets',
      'get configmaps',
      'create serviceaccounts',
      'update serviceaccounts',
      'create serviceaccounts/token',
      'list roles.rbac.authorization.k8s.io',
      ...reviews,
    ],
  },
  'system:kube-proxy': {},
  'system:kube-scheduler': { everywhere: ['delete pods', 'create pods/binding', 'update pods/status', ...reviews] },
}
