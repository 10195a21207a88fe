// Additions of Kubernetes v1.33 to the Go sources of v1.32: fields and types, one per line.
//
//   type PACKAGE.Name [flags]          a new struct
//   extend PACKAGE.Name                more fields of a struct
//   enum PACKAGE.Name A B C            a named string with its values
//   change PACKAGE.Name                other flags of fields that exist: optional, required, default=JSON
//     field GoType [flags]             flags: omitempty, optional, after=FIELD, list=map:KEY, list=set, list=atomic, patch=STRATEGY, key=MERGEKEY, default=JSON

import { supplyAdditions } from './supply-additions.ts'

const signals = [
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'
    .split(' ')
    .map(name => `SIG${name}`),
  ['SIGRTMIN', 'SIGRTMAX'],
  Array.from({ length: 15 }, (_, index) => `SIGRTMIN+${index + 1}`),
  Array.from({ length: 14 }, (_, index) => `SIGRTMAX-${index + 1}`),
].flat()

export const additions = `${supplyAdditions}
extend apps/v1.DeploymentStatus
  terminatingReplicas *int32 omitempty optional after=unavailableReplicas
extend apps/v1.ReplicaSetStatus
  terminatingReplicas *int32 omitempty optional after=availableReplicas
extend autoscaling/v2.HPAScalingRules
  tolerance *resource.Quantity omitempty optional after=policies
enum core/v1.Signal ${signals.join(' ')}
extend core/v1.Lifecycle
  stopSignal *core/v1.Signal omitempty optional after=preStop
extend core/v1.ContainerStatus
  stopSignal *core/v1.Signal omitempty optional after=allocatedResourcesStatus
extend core/v1.PodCondition
  observedGeneration int64 omitempty optional after=type
extend core/v1.PodStatus
  observedGeneration int64 omitempty optional first
type core/v1.NodeSwapStatus
  capacity *int64 omitempty optional
extend core/v1.NodeSystemInfo
  swap *core/v1.NodeSwapStatus omitempty optional after=architecture
type discovery/v1.ForNode
  name string
extend discovery/v1.EndpointHints
  forNodes []discovery/v1.ForNode omitempty optional list=atomic after=forZones
extend storage/v1.VolumeError
  errorCode *int32 omitempty optional after=message
extend storage/v1.CSIDriverSpec
  nodeAllocatableUpdatePeriodSeconds *int64 omitempty optional after=seLinuxMount
type storage/v1beta1.VolumeAttributesClass root
  driverName string
  parameters map[string]string omitempty optional
type storage/v1beta1.VolumeAttributesClassList list
  items []storage/v1beta1.VolumeAttributesClass

change apps/v1.StatefulSetSpec
  serviceName optional
change core/v1.ReplicationControllerSpec
  replicas default=1
  minReadySeconds default=0
change networking/v1.IPAddressSpec
  parentRef required
change networking/v1.ParentReference
  resource required
  name required
enum admissionregistration/v1.ScopeType
enum core/v1.ResourceQuotaScope BestEffort CrossNamespacePodAffinity NotBestEffort NotTerminating PriorityClass Terminating VolumeAttributesClass
enum discovery/v1.AddressType FQDN IPv4 IPv6
enum networking/v1.PathType Exact ImplementationSpecific Prefix

type apiregistration/v1.ServiceReference
  namespace string omitempty
  name string omitempty
  port *int32 omitempty optional
type apiregistration/v1.APIServiceSpec
  service *apiregistration/v1.ServiceReference omitempty optional
  group string omitempty
  version string omitempty
  insecureSkipTLSVerify bool omitempty
  caBundle []byte omitempty optional list=atomic
  groupPriorityMinimum int32
  versionPriority int32
type apiregistration/v1.APIServiceCondition
  type apiregistration/v1.APIServiceConditionType
  status apiregistration/v1.ConditionStatus
  lastTransitionTime meta/v1.Time omitempty optional
  reason string omitempty optional
  message string omitempty optional
enum apiregistration/v1.APIServiceConditionType
enum apiregistration/v1.ConditionStatus
type apiregistration/v1.APIServiceStatus
  conditions []apiregistration/v1.APIServiceCondition omitempty optional list=map:type patch=merge key=type
type apiregistration/v1.APIService root
  spec apiregistration/v1.APIServiceSpec omitempty
  status apiregistration/v1.APIServiceStatus omitempty
type apiregistration/v1.APIServiceList list
  items []apiregistration/v1.APIService

enum apiextensions/v1.ConversionStrategyType
enum apiextensions/v1.ResourceScope
enum apiextensions/v1.ConditionStatus
enum apiextensions/v1.CustomResourceDefinitionConditionType
enum apiextensions/v1.FieldValueErrorReason FieldValueDuplicate FieldValueForbidden FieldValueInvalid FieldValueRequired
enum apiextensions/v1.JSONSchemaURL
type apiextensions/v1.ServiceReference
  namespace string
  name string
  path *string omitempty optional
  port *int32 omitempty optional
type apiextensions/v1.WebhookClientConfig
  url *string omitempty optional
  service *apiextensions/v1.ServiceReference omitempty optional
  caBundle []byte omitempty optional
type apiextensions/v1.WebhookConversion
  clientConfig *apiextensions/v1.WebhookClientConfig omitempty optional
  conversionReviewVersions []string list=atomic
type apiextensions/v1.CustomResourceConversion
  strategy apiextensions/v1.ConversionStrategyType
  webhook *apiextensions/v1.WebhookConversion omitempty optional
type apiextensions/v1.CustomResourceDefinitionNames
  plural string
  singular string omitempty optional
  shortNames []string omitempty optional list=atomic
  kind string
  listKind string omitempty optional
  categories []string omitempty optional list=atomic
type apiextensions/v1.CustomResourceColumnDefinition
  name string
  type string
  format string omitempty optional
  description string omitempty optional
  priority int32 omitempty optional
  jsonPath string
type apiextensions/v1.SelectableField
  jsonPath string
type apiextensions/v1.CustomResourceSubresourceStatus
type apiextensions/v1.CustomResourceSubresourceScale
  specReplicasPath string
  statusReplicasPath string
  labelSelectorPath *string omitempty optional
type apiextensions/v1.CustomResourceSubresources
  status *apiextensions/v1.CustomResourceSubresourceStatus omitempty optional
  scale *apiextensions/v1.CustomResourceSubresourceScale omitempty optional
type apiextensions/v1.CustomResourceValidation
  openAPIV3Schema *apiextensions/v1.JSONSchemaProps omitempty optional
type apiextensions/v1.CustomResourceDefinitionVersion
  name string
  served bool
  storage bool
  deprecated bool omitempty optional
  deprecationWarning *string omitempty optional
  schema *apiextensions/v1.CustomResourceValidation omitempty optional
  subresources *apiextensions/v1.CustomResourceSubresources omitempty optional
  additionalPrinterColumns []apiextensions/v1.CustomResourceColumnDefinition omitempty optional list=atomic
  selectableFields []apiextensions/v1.SelectableField omitempty optional list=atomic
type apiextensions/v1.CustomResourceDefinitionSpec
  group string
  names apiextensions/v1.CustomResourceDefinitionNames
  scope apiextensions/v1.ResourceScope
  versions []apiextensions/v1.CustomResourceDefinitionVersion list=atomic
  conversion *apiextensions/v1.CustomResourceConversion omitempty optional
  preserveUnknownFields bool omitempty optional
type apiextensions/v1.CustomResourceDefinitionCondition
  type apiextensions/v1.CustomResourceDefinitionConditionType
  status apiextensions/v1.ConditionStatus
  lastTransitionTime meta/v1.Time omitempty optional
  reason string omitempty optional
  message string omitempty optional
type apiextensions/v1.CustomResourceDefinitionStatus
  conditions []apiextensions/v1.CustomResourceDefinitionCondition optional list=map:type
  acceptedNames apiextensions/v1.CustomResourceDefinitionNames optional
  storedVersions []string optional list=atomic
type apiextensions/v1.CustomResourceDefinition root
  spec apiextensions/v1.CustomResourceDefinitionSpec
  status apiextensions/v1.CustomResourceDefinitionStatus omitempty optional
type apiextensions/v1.CustomResourceDefinitionList list
  items []apiextensions/v1.CustomResourceDefinition
type apiextensions/v1.ExternalDocumentation
  description string omitempty
  url string omitempty
type apiextensions/v1.ValidationRule
  rule string
  message string omitempty
  messageExpression string omitempty
  reason *apiextensions/v1.FieldValueErrorReason omitempty optional
  fieldPath string omitempty optional
  optionalOldSelf *bool omitempty optional
type apiextensions/v1.JSONSchemaProps
  id string omitempty
  $schema apiextensions/v1.JSONSchemaURL omitempty
  $ref *string omitempty
  description string omitempty
  type string omitempty
  format string omitempty
  title string omitempty
  default *apiextensions/v1.JSON omitempty
  maximum *float64 omitempty
  exclusiveMaximum bool omitempty
  minimum *float64 omitempty
  exclusiveMinimum bool omitempty
  maxLength *int64 omitempty
  minLength *int64 omitempty
  pattern string omitempty
  maxItems *int64 omitempty
  minItems *int64 omitempty
  uniqueItems bool omitempty
  multipleOf *float64 omitempty
  enum []apiextensions/v1.JSON omitempty list=atomic
  maxProperties *int64 omitempty
  minProperties *int64 omitempty
  required []string omitempty list=atomic
  items *apiextensions/v1.JSONSchemaPropsOrArray omitempty
  allOf []apiextensions/v1.JSONSchemaProps omitempty list=atomic
  oneOf []apiextensions/v1.JSONSchemaProps omitempty list=atomic
  anyOf []apiextensions/v1.JSONSchemaProps omitempty list=atomic
  not *apiextensions/v1.JSONSchemaProps omitempty
  properties map[string]apiextensions/v1.JSONSchemaProps omitempty
  additionalProperties *apiextensions/v1.JSONSchemaPropsOrBool omitempty
  patternProperties map[string]apiextensions/v1.JSONSchemaProps omitempty
  dependencies map[string]apiextensions/v1.JSONSchemaPropsOrStringArray omitempty
  additionalItems *apiextensions/v1.JSONSchemaPropsOrBool omitempty
  definitions map[string]apiextensions/v1.JSONSchemaProps omitempty
  externalDocs *apiextensions/v1.ExternalDocumentation omitempty
  example *apiextensions/v1.JSON omitempty
  nullable bool omitempty
  x-kubernetes-preserve-unknown-fields *bool omitempty
  x-kubernetes-embedded-resource bool omitempty
  x-kubernetes-int-or-string bool omitempty
  x-kubernetes-list-map-keys []string omitempty optional list=atomic
  x-kubernetes-list-type *string omitempty optional
  x-kubernetes-map-type *string omitempty optional
  x-kubernetes-validations []apiextensions/v1.ValidationRule omitempty optional list=map:rule patch=merge key=rule

type bulkhead/v1alpha1.NetworkDefaults
  defaultDeny bool
  allowDNS bool
  allowAPIServer *bool omitempty optional
type bulkhead/v1alpha1.NamespaceDefaults
  exempt []string omitempty optional list=set
  labels map[string]string omitempty optional
  resourceQuota *core/v1.ResourceQuotaSpec omitempty optional
  limitRange *core/v1.LimitRangeSpec omitempty optional
  network *bulkhead/v1alpha1.NetworkDefaults omitempty optional
type bulkhead/v1alpha1.ClusterDefaultsSpec
  namespaces bulkhead/v1alpha1.NamespaceDefaults omitempty optional
type bulkhead/v1alpha1.ClusterDefaults root
  spec bulkhead/v1alpha1.ClusterDefaultsSpec omitempty optional
type bulkhead/v1alpha1.ClusterDefaultsList list
  items []bulkhead/v1alpha1.ClusterDefaults
type bulkhead/v1alpha1.DenyRuleSpec
  reason string
  subjects []rbac/v1.Subject list=atomic
  exceptSubjects []rbac/v1.Subject omitempty optional list=atomic
  namespaces []string omitempty optional list=set
  rules []rbac/v1.PolicyRule list=atomic
type bulkhead/v1alpha1.DenyRule root
  spec bulkhead/v1alpha1.DenyRuleSpec
type bulkhead/v1alpha1.DenyRuleList list
  items []bulkhead/v1alpha1.DenyRule
type bulkhead/v1alpha1.LocalVolumeSpec
  nodeName string
  bytes int64
  encryption string
  source string omitempty optional
  volumeMode string omitempty optional
type bulkhead/v1alpha1.LocalVolumeStatus
  phase string omitempty optional
  bytes int64 omitempty optional
  encryption string omitempty optional
  message string omitempty optional
type bulkhead/v1alpha1.LocalVolume root
  spec bulkhead/v1alpha1.LocalVolumeSpec
  status bulkhead/v1alpha1.LocalVolumeStatus omitempty optional
type bulkhead/v1alpha1.LocalVolumeList list
  items []bulkhead/v1alpha1.LocalVolume
type bulkhead/v1alpha1.LocalVolumeKeySpec
  publicKey string
  certificate string
  signature string
type bulkhead/v1alpha1.LocalVolumeKeyStatus
  sealedKey string
type bulkhead/v1alpha1.LocalVolumeKey root
  spec bulkhead/v1alpha1.LocalVolumeKeySpec
  status bulkhead/v1alpha1.LocalVolumeKeyStatus omitempty optional
type bulkhead/v1alpha1.NamespaceLabels root
type bulkhead/v1alpha1.NamespaceLabelsList list
  items []bulkhead/v1alpha1.NamespaceLabels
type bulkhead/v1alpha1.NodeLinkSpec
  podCIDR string omitempty optional
  addresses []string list=atomic
  publicKey string omitempty optional
  port int32 omitempty optional
type bulkhead/v1alpha1.NodeLink root
  spec bulkhead/v1alpha1.NodeLinkSpec
type bulkhead/v1alpha1.NodeLinkList list
  items []bulkhead/v1alpha1.NodeLink
type bulkhead/v1alpha1.PodAddressPort
  name string
  protocol core/v1.Protocol
  port int32
type bulkhead/v1alpha1.PodAddressSpec
  nodeName string
  addresses []string list=set
  ports []bulkhead/v1alpha1.PodAddressPort omitempty optional list=atomic
type bulkhead/v1alpha1.PodAddress root
  spec bulkhead/v1alpha1.PodAddressSpec
type bulkhead/v1alpha1.PodAddressList list
  items []bulkhead/v1alpha1.PodAddress
type bulkhead/v1alpha1.PodSecurityExceptionSpec
  templateDigest string
  checks []string list=set
  fields []string omitempty optional list=set
  owner string
  reason string
  expires meta/v1.Time
  compensatingProofs []string omitempty optional list=set
type bulkhead/v1alpha1.PodSecurityException root
  spec bulkhead/v1alpha1.PodSecurityExceptionSpec
type bulkhead/v1alpha1.PodSecurityExceptionList list
  items []bulkhead/v1alpha1.PodSecurityException
type bulkhead/v1alpha1.ProofRun
  time meta/v1.Time
  build string
  configuration string
  attempts int32
  milliseconds int64
  report string omitempty optional
  found []string omitempty optional list=atomic
  reason string omitempty optional
type bulkhead/v1alpha1.ProofResultSpec
  proof string
  title string
  last string
  passed *bulkhead/v1alpha1.ProofRun omitempty optional
  failed *bulkhead/v1alpha1.ProofRun omitempty optional
  skipped *bulkhead/v1alpha1.ProofRun omitempty optional
type bulkhead/v1alpha1.ProofResult root
  spec bulkhead/v1alpha1.ProofResultSpec
type bulkhead/v1alpha1.ProofResultList list
  items []bulkhead/v1alpha1.ProofResult
type bulkhead/v1alpha1.BackupRetention
  keepLast *int32 omitempty optional
  keepHourly *int32 omitempty optional
  keepDaily *int32 omitempty optional
  keepWeekly *int32 omitempty optional
  keepMonthly *int32 omitempty optional
  history string omitempty optional
type bulkhead/v1alpha1.BackupScheduleSpec
  target string
  every string
  fullEvery string omitempty optional
  maxAge string omitempty optional
  suspend bool omitempty optional
  volumes string omitempty optional
  retention *bulkhead/v1alpha1.BackupRetention omitempty optional
type bulkhead/v1alpha1.BackupScheduleStatus
  lastBackup *meta/v1.Time omitempty optional
  lastVerified *meta/v1.Time omitempty optional
  reached *meta/v1.Time omitempty optional
  revision *int64 omitempty optional
  conditions []meta/v1.Condition omitempty optional list=map:type patch=merge key=type
type bulkhead/v1alpha1.BackupSchedule root
  spec bulkhead/v1alpha1.BackupScheduleSpec
  status bulkhead/v1alpha1.BackupScheduleStatus omitempty optional
type bulkhead/v1alpha1.BackupScheduleList list
  items []bulkhead/v1alpha1.BackupSchedule
type bulkhead/v1alpha1.BackupSpec
  target string
  schedule string omitempty optional
  full bool omitempty optional
type bulkhead/v1alpha1.BackupStatus
  phase string omitempty optional
  number *int64 omitempty optional
  revision *int64 omitempty optional
  objects *int64 omitempty optional
  created *meta/v1.Time omitempty optional
  verified *meta/v1.Time omitempty optional
  report string omitempty optional
  message string omitempty optional
type bulkhead/v1alpha1.Backup root
  spec bulkhead/v1alpha1.BackupSpec
  status bulkhead/v1alpha1.BackupStatus omitempty optional
type bulkhead/v1alpha1.BackupList list
  items []bulkhead/v1alpha1.Backup

type metrics/v1beta1.ContainerMetrics
  name string
  usage core/v1.ResourceList
type metrics/v1beta1.NodeMetrics root
  timestamp meta/v1.Time
  window string
  usage core/v1.ResourceList
type metrics/v1beta1.NodeMetricsList list
  items []metrics/v1beta1.NodeMetrics
type metrics/v1beta1.PodMetrics root
  timestamp meta/v1.Time
  window string
  containers []metrics/v1beta1.ContainerMetrics list=atomic
type metrics/v1beta1.PodMetricsList list
  items []metrics/v1beta1.PodMetrics
`
