// The settings of controllers from the composition: upstream's kube-controller-manager flags, with its defaults.
import type { CertificateSigningRequest } from '../api/types/certificates-v1.ts'
import type { CsiControllers } from '../client/csi/csi-controllers.ts'
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
  /** Interval of reading an autoscaler's metrics. */
  readonly syncMs: number
  /** How far usage may be from its target, as a share of it, before the number of replicas changes. */
  readonly tolerance: number
  /** Replicas are removed only after they were not needed for this long; an autoscaler may override it. */
  readonly downscaleStabilizationMs: number
  /** For this long after its start, the CPU of a pod counts only while it is ready. */
  readonly cpuInitializationMs: number
  /** A pod whose readiness last changed this soon after its start has never been ready. */
  readonly initialReadinessDelayMs: number
}

export interface VolumeKeyMaker {
  /** Again is success. Rejects if the volume belongs to another node. */
  make(volume: string, node: string, signal: AbortSignal): Promise<void>
  /** The key of `source`, for a copy of that volume on its node. Again is success. Rejects if the source has no key. */
  copy(volume: string, source: string, signal: AbortSignal): Promise<void>
  /** A missing key is success. */
  erase(volume: string, signal: AbortSignal): Promise<void>
}

const noSigner = (): Promise<never> => Promise.reject(new Error('there is no signer for keys of volumes'))

export interface ControllerSettings {
  /** PEM of the CA of the API server's certificate, published as kube-root-ca.crt. */
  readonly rootCa: string
  /** Has the signer certify the request; PEM of the leaf. Rejects with the policy rule that it breaks. */
  signCertificate(order: CertificateOrder, signal: AbortSignal): Promise<string>
  /** Keys of volumes, which the signer keeps. */
  readonly volumeKeys: VolumeKeyMaker
  /** A node is Unknown after this long without a sign of life. */
  readonly nodeMonitorGraceMs: number
  /** How long a new node may take for its first status. */
  readonly nodeStartupGraceMs: number
  readonly nodeMonitorPeriodMs: number
  /** How many nodes are evicted in an outage. */
  readonly evictionRates: EvictionRates
  /** Finished pods above this number are deleted, oldest first. */
  readonly terminatedPodThreshold: number
  readonly certificateLifetimeSeconds: number
  /** IPv4 range of all pods, and the prefix length of each node's part. */
  readonly clusterCidr: string
  readonly nodeCidrMaskSize: number
  /** Interval of the garbage collector's discovery of resources. */
  readonly discoveryPeriodMs: number
  /** How long the garbage collector waits for the first list of a resource before it continues without it. */
  readonly resourceSyncMs: number
  readonly autoscaler: AutoscalerSettings
  /** Calls of CSI drivers; absent: through the API server and the tunnel of a node. */
  readonly csiCalls?: CsiControllers
}

export const defaultSettings: Omit<ControllerSettings, 'rootCa' | 'signCertificate'> = {
  volumeKeys: { make: noSigner, copy: noSigner, erase: noSigner },
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
