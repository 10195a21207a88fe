// The resources that parts of Bulkhead read and write by name.
import type { ValidatingAdmissionPolicy } from '../api/types/admissionregistration-v1.ts'
import type { APIService } from '../api/types/apiregistration-v1.ts'
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../api/types/apps-v1.ts'
import type { HorizontalPodAutoscaler } from '../api/types/autoscaling-v2.ts'
import type { CronJob, Job } from '../api/types/batch-v1.ts'
import type {
  Backup,
  BackupSchedule,
  ClusterDefaults,
  DenyRule,
  LocalVolume,
  NamespaceLabels,
  NodeLink,
  PodAddress,
  PodSecurityException,
  ProofResult,
} from '../api/types/bulkhead-v1alpha1.ts'
import type { CertificateSigningRequest } from '../api/types/certificates-v1.ts'
import type { Lease } from '../api/types/coordination-v1.ts'
import type {
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../api/types/core-v1.ts'
import type { EndpointSlice } from '../api/types/discovery-v1.ts'
import type { Ingress, IPAddress, NetworkPolicy, ServiceCIDR } from '../api/types/networking-v1.ts'
import type { RuntimeClass } from '../api/types/node-v1.ts'
import type { PodDisruptionBudget } from '../api/types/policy-v1.ts'
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../api/types/rbac-v1.ts'
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment } from '../api/types/storage-v1.ts'
import type { VolumeAttributesClass } from '../api/types/storage-v1beta1.ts'
import type {
  AdvisorySource,
  ClusterException,
  ClusterImagePolicy,
  Exception,
  ExternalComponent,
  Image,
  ImagePolicy,
  ManifestPolicy,
  PodImages,
  RegistryMirror,
  RegistryToken,
  RepositoryAccessReview,
  TrustRoot,
} from '../api/types/supply-v1.ts'
import { resourceRef } from './resource-ref.ts'

export type CoreEvent = Event
export type { ObjectReference } from '../api/types/core-v1.ts'
export type { Lease }

export const apiServices = resourceRef<APIService>('apiregistration.k8s.io', 'v1', 'apiservices', 'APIService', false)
export const certificateSigningRequests = resourceRef<CertificateSigningRequest>(
  'certificates.k8s.io',
  'v1',
  'certificatesigningrequests',
  'CertificateSigningRequest',
  false,
)
export const clusterDefaults = resourceRef<ClusterDefaults>('bulkhead.dev', 'v1alpha1', 'clusterdefaults', 'ClusterDefaults', false)
export const roles = resourceRef<Role>('rbac.authorization.k8s.io', 'v1', 'roles', 'Role')
export const roleBindings = resourceRef<RoleBinding>('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding')
export const clusterRoleBindings = resourceRef<ClusterRoleBinding>(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterrolebindings',
  'ClusterRoleBinding',
  false,
)
export const clusterRoles = resourceRef<ClusterRole>('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false)
export const configMaps = resourceRef<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap')
export const controllerRevisions = resourceRef<ControllerRevision>('apps', 'v1', 'controllerrevisions', 'ControllerRevision')
export const cronJobs = resourceRef<CronJob>('batch', 'v1', 'cronjobs', 'CronJob')
export const daemonSets = resourceRef<DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet')
export const deployments = resourceRef<Deployment>('apps', 'v1', 'deployments', 'Deployment')
export const endpoints = resourceRef<Endpoints>('', 'v1', 'endpoints', 'Endpoints')
export const endpointSlices = resourceRef<EndpointSlice>('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice')
export const events = resourceRef<CoreEvent>('', 'v1', 'events', 'Event')
export const horizontalPodAutoscalers = resourceRef<HorizontalPodAutoscaler>(
  'autoscaling',
  'v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
)
export const denyRules = resourceRef<DenyRule>('bulkhead.dev', 'v1alpha1', 'denyrules', 'DenyRule', false)
export const ipAddresses = resourceRef<IPAddress>('networking.k8s.io', 'v1', 'ipaddresses', 'IPAddress', false)
export const jobs = resourceRef<Job>('batch', 'v1', 'jobs', 'Job')
export const leases = resourceRef<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease')
export const localVolumes = resourceRef<LocalVolume>('bulkhead.dev', 'v1alpha1', 'localvolumes', 'LocalVolume', false)
export const namespaces = resourceRef<Namespace>('', 'v1', 'namespaces', 'Namespace', false)
export const namespaceLabels = resourceRef<NamespaceLabels>('bulkhead.dev', 'v1alpha1', 'namespacelabels', 'NamespaceLabels', false)
export const networkPolicies = resourceRef<NetworkPolicy>('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy')
export const nodeLinks = resourceRef<NodeLink>('bulkhead.dev', 'v1alpha1', 'nodelinks', 'NodeLink', false)
export const nodes = resourceRef<Node>('', 'v1', 'nodes', 'Node', false)
export const persistentVolumeClaims = resourceRef<PersistentVolumeClaim>('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim')
export const persistentVolumes = resourceRef<PersistentVolume>('', 'v1', 'persistentvolumes', 'PersistentVolume', false)
export const podDisruptionBudgets = resourceRef<PodDisruptionBudget>('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget')
export const podAddresses = resourceRef<PodAddress>('bulkhead.dev', 'v1alpha1', 'podaddresses', 'PodAddress')
export const podSecurityExceptions = resourceRef<PodSecurityException>(
  'bulkhead.dev',
  'v1alpha1',
  'podsecurityexceptions',
  'PodSecurityException',
)
export const pods = resourceRef<Pod>('', 'v1', 'pods', 'Pod')
export const limitRanges = resourceRef<LimitRange>('', 'v1', 'limitranges', 'LimitRange')
export const resourceQuotas = resourceRef<ResourceQuota>('', 'v1', 'resourcequotas', 'ResourceQuota')
export const replicaSets = resourceRef<ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet')
export const replicationControllers = resourceRef<ReplicationController>('', 'v1', 'replicationcontrollers', 'ReplicationController')
export const runtimeClasses = resourceRef<RuntimeClass>('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass', false)
export const secrets = resourceRef<Secret>('', 'v1', 'secrets', 'Secret')
export const serviceAccounts = resourceRef<ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount')
export const serviceCidrs = resourceRef<ServiceCIDR>('networking.k8s.io', 'v1', 'servicecidrs', 'ServiceCIDR', false)
export const ingresses = resourceRef<Ingress>('networking.k8s.io', 'v1', 'ingresses', 'Ingress')
export const services = resourceRef<Service>('', 'v1', 'services', 'Service')
export const statefulSets = resourceRef<StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet')
export const csiDrivers = resourceRef<CSIDriver>('storage.k8s.io', 'v1', 'csidrivers', 'CSIDriver', false)
export const csiNodes = resourceRef<CSINode>('storage.k8s.io', 'v1', 'csinodes', 'CSINode', false)
export const volumeAttachments = resourceRef<VolumeAttachment>('storage.k8s.io', 'v1', 'volumeattachments', 'VolumeAttachment', false)
export const volumeAttributesClasses = resourceRef<VolumeAttributesClass>(
  'storage.k8s.io',
  'v1beta1',
  'volumeattributesclasses',
  'VolumeAttributesClass',
  false,
)
export const csiStorageCapacities = resourceRef<CSIStorageCapacity>('storage.k8s.io', 'v1', 'csistoragecapacities', 'CSIStorageCapacity')
export const storageClasses = resourceRef<StorageClass>('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', false)
export const backups = resourceRef<Backup>('bulkhead.dev', 'v1alpha1', 'backups', 'Backup', false)
export const backupSchedules = resourceRef<BackupSchedule>('bulkhead.dev', 'v1alpha1', 'backupschedules', 'BackupSchedule', false)
export const proofResults = resourceRef<ProofResult>('bulkhead.dev', 'v1alpha1', 'proofresults', 'ProofResult', false)
export const validatingAdmissionPolicies = resourceRef<ValidatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
  false,
)
export const externalComponents = resourceRef<ExternalComponent>('supply.bulkhead.dev', 'v1', 'externalcomponents', 'ExternalComponent')
export const manifestPolicies = resourceRef<ManifestPolicy>('supply.bulkhead.dev', 'v1', 'manifestpolicies', 'ManifestPolicy')
export const images = resourceRef<Image>('supply.bulkhead.dev', 'v1', 'images', 'Image', false)
export const imagePolicies = resourceRef<ImagePolicy>('supply.bulkhead.dev', 'v1', 'imagepolicies', 'ImagePolicy')
export const clusterImagePolicies = resourceRef<ClusterImagePolicy>(
  'supply.bulkhead.dev',
  'v1',
  'clusterimagepolicies',
  'ClusterImagePolicy',
  false,
)
export const registryMirrors = resourceRef<RegistryMirror>('supply.bulkhead.dev', 'v1', 'registrymirrors', 'RegistryMirror', false)
export const advisorySources = resourceRef<AdvisorySource>('supply.bulkhead.dev', 'v1', 'advisorysources', 'AdvisorySource', false)
export const exceptions = resourceRef<Exception>('supply.bulkhead.dev', 'v1', 'exceptions', 'Exception')
export const clusterExceptions = resourceRef<ClusterException>('supply.bulkhead.dev', 'v1', 'clusterexceptions', 'ClusterException', false)
export const trustRoots = resourceRef<TrustRoot>('supply.bulkhead.dev', 'v1', 'trustroots', 'TrustRoot', false)
export const podImages = resourceRef<PodImages>('supply.bulkhead.dev', 'v1', 'podimages', 'PodImages')
export const registryTokens = resourceRef<RegistryToken>('supply.bulkhead.dev', 'v1', 'registrytokens', 'RegistryToken', false)
export const repositoryAccessReviews = resourceRef<RepositoryAccessReview>(
  'supply.bulkhead.dev',
  'v1',
  'repositoryaccessreviews',
  'RepositoryAccessReview',
  false,
)
