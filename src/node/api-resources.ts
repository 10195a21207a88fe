// The resources that the agent reads and writes.
import type { CertificateSigningRequest } from '../api/types/certificates-v1.ts'
import type { ConfigMap, Node, Pod, Secret, Service, ServiceAccount } from '../api/types/core-v1.ts'
import { resourceRef } from '../client/resource-ref.ts'

export const pods = resourceRef<Pod>('', 'v1', 'pods', 'Pod')
export const nodes = resourceRef<Node>('', 'v1', 'nodes', 'Node', false)
export const services = resourceRef<Service>('', 'v1', 'services', 'Service')
export const configMaps = resourceRef<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap')
export const secrets = resourceRef<Secret>('', 'v1', 'secrets', 'Secret')
export const serviceAccounts = resourceRef<ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount')
export const certificateSigningRequests = resourceRef<CertificateSigningRequest>(
  'certificates.k8s.io',
  'v1',
  'certificatesigningrequests',
  'CertificateSigningRequest',
  false,
)
