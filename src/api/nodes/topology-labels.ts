// A node's zone and region, from its labels (https://kubernetes.io/docs/reference/labels-annotations-taints/).
export const zoneLabel = 'topology.kubernetes.io/zone'
export const regionLabel = 'topology.kubernetes.io/region'
