// The Kubernetes version whose behaviour is served, with ours as build metadata: /version, nodes and discovery report the same one.

export const kubernetesMajor = '1'
export const kubernetesMinor = '33'
export const kubernetesVersion = `v${kubernetesMajor}.${kubernetesMinor}.3+bulkhead`
