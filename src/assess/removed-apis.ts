// API versions that Kubernetes has removed, and their replacements (the deprecated API migration guide).

export interface RemovedApi {
  /** For example `apps/v1`; undefined if nothing replaces it. */
  readonly use: string | undefined
  /** The minor version of Kubernetes 1.x that removed it. */
  readonly removedIn: number
}

type Row = readonly [kinds: string, versions: string, use: string | undefined, removedIn: number]

const rows: readonly Row[] = [
  ['Deployment', 'extensions/v1beta1 apps/v1beta1 apps/v1beta2', 'apps/v1', 16],
  ['DaemonSet ReplicaSet', 'extensions/v1beta1 apps/v1beta2', 'apps/v1', 16],
  ['StatefulSet', 'apps/v1beta1 apps/v1beta2', 'apps/v1', 16],
  ['NetworkPolicy', 'extensions/v1beta1', 'networking.k8s.io/v1', 16],
  ['PodSecurityPolicy', 'extensions/v1beta1 policy/v1beta1', undefined, 25],
  ['Ingress', 'extensions/v1beta1 networking.k8s.io/v1beta1', 'networking.k8s.io/v1', 22],
  ['IngressClass', 'networking.k8s.io/v1beta1', 'networking.k8s.io/v1', 22],
  [
    'MutatingWebhookConfiguration ValidatingWebhookConfiguration',
    'admissionregistration.k8s.io/v1beta1',
    'admissionregistration.k8s.io/v1',
    22,
  ],
  ['CustomResourceDefinition', 'apiextensions.k8s.io/v1beta1', 'apiextensions.k8s.io/v1', 22],
  ['APIService', 'apiregistration.k8s.io/v1beta1', 'apiregistration.k8s.io/v1', 22],
  ['TokenReview', 'authentication.k8s.io/v1beta1', 'authentication.k8s.io/v1', 22],
  [
    'LocalSubjectAccessReview SelfSubjectAccessReview SubjectAccessReview SelfSubjectRulesReview',
    'authorization.k8s.io/v1beta1',
    'authorization.k8s.io/v1',
    22,
  ],
  ['CertificateSigningRequest', 'certificates.k8s.io/v1beta1', 'certificates.k8s.io/v1', 22],
  ['Lease', 'coordination.k8s.io/v1beta1', 'coordination.k8s.io/v1', 22],
  [
    'ClusterRole ClusterRoleBinding Role RoleBinding',
    'rbac.authorization.k8s.io/v1beta1 rbac.authorization.k8s.io/v1alpha1',
    'rbac.authorization.k8s.io/v1',
    22,
  ],
  ['PriorityClass', 'scheduling.k8s.io/v1beta1 scheduling.k8s.io/v1alpha1', 'scheduling.k8s.io/v1', 22],
  ['CSIDriver CSINode StorageClass VolumeAttachment', 'storage.k8s.io/v1beta1', 'storage.k8s.io/v1', 22],
  ['CronJob', 'batch/v1beta1 batch/v2alpha1', 'batch/v1', 25],
  ['EndpointSlice', 'discovery.k8s.io/v1beta1', 'discovery.k8s.io/v1', 25],
  ['Event', 'events.k8s.io/v1beta1', 'events.k8s.io/v1', 25],
  ['PodDisruptionBudget', 'policy/v1beta1', 'policy/v1', 25],
  ['RuntimeClass', 'node.k8s.io/v1beta1 node.k8s.io/v1alpha1', 'node.k8s.io/v1', 25],
  ['HorizontalPodAutoscaler', 'autoscaling/v2beta1', 'autoscaling/v2', 25],
  ['HorizontalPodAutoscaler', 'autoscaling/v2beta2', 'autoscaling/v2', 26],
  [
    'FlowSchema PriorityLevelConfiguration',
    'flowcontrol.apiserver.k8s.io/v1alpha1 flowcontrol.apiserver.k8s.io/v1beta1',
    'flowcontrol.apiserver.k8s.io/v1',
    26,
  ],
  ['CSIStorageCapacity', 'storage.k8s.io/v1beta1', 'storage.k8s.io/v1', 27],
  ['FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1beta2', 'flowcontrol.apiserver.k8s.io/v1', 29],
  ['FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1beta3', 'flowcontrol.apiserver.k8s.io/v1', 32],
]

const byKind: ReadonlyMap<string, RemovedApi> = new Map(
  rows.flatMap(([kinds, versions, use, removedIn]) =>
    versions
      .split(' ')
      .flatMap(version => kinds.split(' ').map((kind): [string, RemovedApi] => [`${version}/${kind}`, { use, removedIn }])),
  ),
)

export const removedApi = (apiVersion: string, kind: string): RemovedApi | undefined => byKind.get(`${apiVersion}/${kind}`)
