// What the composition decides for controllers: upstream's kube-controller-manager flags, with its defaults.
import type { CertificateSigningRequest } from '../api/types/certificates-v1.ts'
import type { EvictionRates } from './nodes/eviction-pace.ts'

export interface CertificateOrder {
  readonly request: CertificateSigningRequest
  /** PKCS#10 DER. */
  readonly csr: Buffer
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  /** By the signer's name. */
  readonly authority: 'client' | 'kubelet-serving'
  readonly lifetimeSeconds: number
}

export interface AutoscalerSettings {
  /** Between two looks at the metrics of an autoscaler. */
  readonly syncMs: number
  /** How far usage may be from its target, as a share of it, before the number of replicas changes. */
  readonly tolerance: number
  /** Replicas are taken away only when they were not wanted for so long; an autoscaler may say otherwise. */
  readonly downscaleStabilizationMs: number
  /** For this long after its start, the CPU of a pod counts only while it is ready. */
  readonly cpuInitializationMs: number
  /** A pod whose readiness last changed this soon after its start has never been ready. */
  readonly initialReadinessDelayMs: number
}

export interface ControllerSettings {
  /** PEM of the authority that signs the API server's certificate, published as kube-root-ca.crt. */
  readonly rootCa: string
  /** Has the key holder certify the request; PEM of the leaf. Rejects with the policy rule that it breaks. */
  signCertificate(order: CertificateOrder, signal: AbortSignal): Promise<string>
  /** Without a sign of life for this long a node is Unknown. */
  readonly nodeMonitorGraceMs: number
  /** How long a new node may take for its first status. */
  readonly nodeStartupGraceMs: number
  readonly nodeMonitorPeriodMs: number
  /** How many nodes' pods must leave them in an outage. */
  readonly evictionRates: EvictionRates
  /** Terminated pods beyond this number are deleted, oldest first. */
  readonly terminatedPodThreshold: number
  readonly certificateLifetimeSeconds: number
  /** IPv4 range of all pods, and the prefix length of each node's part. */
  readonly clusterCidr: string
  readonly nodeCidrMaskSize: number
  /** How often the garbage collector looks for new resources. */
  readonly discoveryPeriodMs: number
  /** How long the garbage collector waits for the first list of a resource before it goes on without. */
  readonly resourceSyncMs: number
  readonly autoscaler: AutoscalerSettings
}

export const defaultSettings: Omit<ControllerSettings, 'rootCa' | 'signCertificate'> = {
  nodeMonitorGraceMs: 50_000,
  nodeStartupGraceMs: 60_000,
  nodeMonitorPeriodMs: 5_000,
  evictionRates: { nodeEvictionRate: 0.1, secondaryNodeEvictionRate: 0.01, largeClusterSizeThreshold: 50, unhealthyZoneThreshold: 0.55 },
  terminatedPodThreshold: 12_500,
  certificateLifetimeSeconds: 90 * 86_400,
  clusterCidr: '10.244.0.0/16',
  nodeCidrMaskSize: 24,
  discoveryPeriodMs: 30_000,
  resourceSyncMs: 30_000,
  autoscaler: {
    syncMs: 15_000,
    tolerance: 0.1,
    downscaleStabilizationMs: 300_000,
    cpuInitializationMs: 300_000,
    initialReadinessDelayMs: 30_000,
  },
}
