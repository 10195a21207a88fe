// Field numbers of Kubernetes v1.33 that Debian's Go sources do not have: fields newer than v1.32, and the kinds of servers that Debian does not
// package. Numbers are part of the public protocol and never change; each block names the generated.proto of Kubernetes that publishes its numbers.
// One message a line: `PACKAGE.Name jsonName=number …`. Types come from the schema, or stand
// behind the number where the schema has only the text of one. A message may have further fields in Debian's sources.

export const fieldAdditions = `
# staging/src/k8s.io/api/apps/v1
apps/v1.DeploymentStatus terminatingReplicas=9
apps/v1.ReplicaSetStatus terminatingReplicas=7

# staging/src/k8s.io/api/autoscaling/v2
autoscaling/v2.HPAScalingRules tolerance=4

# staging/src/k8s.io/api/core/v1
core/v1.ContainerStatus stopSignal=15
core/v1.Lifecycle stopSignal=3
core/v1.NodeSwapStatus capacity=1
core/v1.NodeSystemInfo swap=11
core/v1.PodCondition observedGeneration=7
core/v1.PodStatus observedGeneration=17

# staging/src/k8s.io/api/discovery/v1
discovery/v1.EndpointHints forNodes=2
discovery/v1.ForNode name=1

# staging/src/k8s.io/api/networking/v1
networking/v1.IPAddress metadata=1 spec=2
networking/v1.IPAddressList metadata=1 items=2
networking/v1.IPAddressSpec parentRef=1
networking/v1.ParentReference group=1 resource=2 namespace=3 name=4
networking/v1.ServiceCIDR metadata=1 spec=2 status=3
networking/v1.ServiceCIDRList metadata=1 items=2
networking/v1.ServiceCIDRSpec cidrs=1
networking/v1.ServiceCIDRStatus conditions=1

# staging/src/k8s.io/api/storage/v1
storage/v1.CSIDriverSpec nodeAllocatableUpdatePeriodSeconds=9
storage/v1.VolumeError errorCode=3

# staging/src/k8s.io/api/storage/v1beta1
storage/v1beta1.VolumeAttributesClass metadata=1 driverName=2 parameters=3
storage/v1beta1.VolumeAttributesClassList metadata=1 items=2

# staging/src/k8s.io/metrics/pkg/apis/metrics/v1beta1
metrics/v1beta1.ContainerMetrics name=1 usage=2
metrics/v1beta1.NodeMetrics metadata=1 timestamp=2 window=3:meta/v1.Duration usage=4
metrics/v1beta1.NodeMetricsList metadata=1 items=2
metrics/v1beta1.PodMetrics metadata=1 timestamp=2 window=3:meta/v1.Duration containers=4
metrics/v1beta1.PodMetricsList metadata=1 items=2

# staging/src/k8s.io/kube-aggregator/pkg/apis/apiregistration/v1
apiregistration/v1.APIService metadata=1 spec=2 status=3
apiregistration/v1.APIServiceCondition type=1 status=2 lastTransitionTime=3 reason=4 message=5
apiregistration/v1.APIServiceList metadata=1 items=2
apiregistration/v1.APIServiceSpec service=1 group=2 version=3 insecureSkipTLSVerify=4 caBundle=5 groupPriorityMinimum=7 versionPriority=8
apiregistration/v1.APIServiceStatus conditions=1
apiregistration/v1.ServiceReference namespace=1 name=2 port=3

# staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1
apiextensions/v1.CustomResourceColumnDefinition name=1 type=2 format=3 description=4 priority=5 jsonPath=6
apiextensions/v1.CustomResourceConversion strategy=1 webhook=2
apiextensions/v1.CustomResourceDefinition metadata=1 spec=2 status=3
apiextensions/v1.CustomResourceDefinitionCondition type=1 status=2 lastTransitionTime=3 reason=4 message=5
apiextensions/v1.CustomResourceDefinitionList metadata=1 items=2
apiextensions/v1.CustomResourceDefinitionNames plural=1 singular=2 shortNames=3 kind=4 listKind=5 categories=6
apiextensions/v1.CustomResourceDefinitionSpec group=1 names=3 scope=4 versions=7 conversion=9 preserveUnknownFields=10
apiextensions/v1.CustomResourceDefinitionStatus conditions=1 acceptedNames=2 storedVersions=3
apiextensions/v1.CustomResourceDefinitionVersion name=1 served=2 storage=3 schema=4 subresources=5 additionalPrinterColumns=6 deprecated=7 deprecationWarning=8 selectableFields=9
apiextensions/v1.CustomResourceSubresourceScale specReplicasPath=1 statusReplicasPath=2 labelSelectorPath=3
apiextensions/v1.CustomResourceSubresourceStatus
apiextensions/v1.CustomResourceSubresources status=1 scale=2
apiextensions/v1.CustomResourceValidation openAPIV3Schema=1
apiextensions/v1.ExternalDocumentation description=1 url=2
apiextensions/v1.JSONSchemaProps id=1 $schema=2 $ref=3 description=4 type=5 format=6 title=7 default=8 maximum=9 exclusiveMaximum=10 minimum=11 exclusiveMinimum=12 maxLength=13 minLength=14 pattern=15 maxItems=16 minItems=17 uniqueItems=18 multipleOf=19 enum=20 maxProperties=21 minProperties=22 required=23 items=24 allOf=25 oneOf=26 anyOf=27 not=28 properties=29 additionalProperties=30 patternProperties=31 dependencies=32 additionalItems=33 definitions=34 externalDocs=35 example=36 nullable=37 x-kubernetes-preserve-unknown-fields=38 x-kubernetes-embedded-resource=39 x-kubernetes-int-or-string=40 x-kubernetes-list-map-keys=41 x-kubernetes-list-type=42 x-kubernetes-map-type=43 x-kubernetes-validations=44
apiextensions/v1.SelectableField jsonPath=1
apiextensions/v1.ServiceReference namespace=1 name=2 path=3 port=4
apiextensions/v1.ValidationRule rule=1 message=2 messageExpression=3 reason=4 fieldPath=5 optionalOldSelf=6
apiextensions/v1.WebhookClientConfig service=1 caBundle=2 url=3
apiextensions/v1.WebhookConversion clientConfig=2 conversionReviewVersions=3
`
