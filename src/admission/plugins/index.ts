// The plug-ins in the order in which they run (upstream's order).

import type { StoreView } from '../../api/store-view.ts'
import type { AdmissionPlugin } from '../admission.ts'
import type { PluginConfiguration } from '../configuration.ts'
import type { KnownManifestPolicies } from '../manifests/known-manifest-policies.ts'
import type { ObjectWaiter } from '../object-waiter.ts'
import { createPlugin, type PluginDefinition } from '../plugin-definition.ts'
import type { QuotaLedger } from '../quota/ledger.ts'
import type { QuotaSource } from '../quota/quota-source.ts'
import type { WebhookContext } from '../webhook/review-by-hook.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import { apiServerEndpoints } from './api-server-endpoints.ts'
import { apiServiceBackend } from './api-service-backend.ts'
import { type CertificateRequestOptions, certificateRequests } from './certificate-requests.ts'
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts'
import { csiInlineVolumes } from './csi-inline-volumes.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { denyServiceExternalIps } from './deny-service-external-ips.ts'
import { eventRateLimit } from './event-rate-limit.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { type ImagePluginParts, imageDigests } from './image-digests.ts'
import { imagePolicy } from './image-policy.ts'
import { imagePolicyWebhook } from './image-policy-webhook.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { limitRanger } from './limit-ranger.ts'
import { manifestPolicy } from './manifest-policy.ts'
import { type MutatingAdmissionPolicyOptions, mutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { mutatingAdmissionWebhook } from './mutating-admission-webhook.ts'
import { namespaceDefaults } from './namespace-defaults.ts'
import { namespaceExists } from './namespace-exists.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { operatingSystem } from './operating-system.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podNodeSelector } from './pod-node-selector.ts'
import { podSecurity } from './pod-security.ts'
import { podSecurityDefaults } from './pod-security-defaults.ts'
import { podSecurityRelaxation } from './pod-security-relaxation.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
import { resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { systemPriority } from './system-priority.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { trustDomain } from './trust-domain.ts'
import { unenforcedKinds } from './unenforced-kinds.ts'
import { type ValidatingAdmissionPolicyOptions, validatingAdmissionPolicy } from './validating-admission-policy.ts'
import { validatingAdmissionWebhook } from './validating-admission-webhook.ts'

export interface PluginOptions extends CertificateRequestOptions, MutatingAdmissionPolicyOptions, ValidatingAdmissionPolicyOptions {
  readonly view: StoreView
  readonly quotaSource: QuotaSource
  readonly ledger: QuotaLedger
  /** Access control rules, which check the final object, before anything is charged. */
  readonly access?: readonly AdmissionPlugin[]
  readonly webhooks: WebhookContext
  readonly waiter: ObjectWaiter
  /** `secure`: restricted pods, workloads refused if their pods would be, no external IPs, tokens only for accounts with a grant. */
  readonly profile: 'secure' | 'upstream'
  readonly configuration?: PluginConfiguration
  /** Undefined where no image policy is enforced, as in tests of other plug-ins. */
  readonly images?: ImagePluginParts | undefined
  /** Undefined in tests of other plug-ins. */
  readonly manifests?: KnownManifestPolicies | undefined
  /** Milliseconds since the epoch. */
  now(): number
  /** Lower-case letters and digits for generated volume names. */
  randomSuffix(): string
  /** Whether RBAC grants a ServiceAccount anything. */
  hasRights(namespace: string, name: string): boolean
}

/** All plug-ins in upstream's order, which is the order of the chain. */
export const plugins: readonly PluginDefinition<PluginOptions>[] = [
  namespaceLifecycle,
  namespaceExists,
  unenforcedKinds,
  manifestPolicy,
  namespaceDefaults,
  limitPodHardAntiAffinityTopology,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  trustDomain,
  alwaysPullImages,
  imagePolicyWebhook,
  podSecurity,
  csiInlineVolumes,
  operatingSystem,
  podSecurityRelaxation,
  podNodeSelector,
  priority,
  systemPriority,
  defaultTolerationSeconds,
  podTolerationRestriction,
  eventRateLimit,
  extendedResourceToleration,
  defaultStorageClass,
  storageObjectInUseProtection,
  ownerReferencesPermissionEnforcement,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateRequests,
  clusterTrustBundleAttest,
  defaultIngressClass,
  denyServiceExternalIps,
  apiServerEndpoints,
  apiServiceBackend,
  podTopologyLabels,
  mutatingAdmissionPolicy,
  mutatingAdmissionWebhook,
  imageDigests,
  imagePolicy,
  podSecurityDefaults,
  validatingAdmissionPolicy,
  validatingAdmissionWebhook,
  resourceQuota,
]

/** The enabled plug-ins. Access control rules cannot be switched off. */
export function admissionPlugins(options: PluginOptions, enabled: ReadonlySet<string>): readonly AdmissionPlugin[] {
  return plugins.flatMap(plugin => [
    ...(plugin === validatingAdmissionPolicy ? (options.access ?? []) : []),
    ...(enabled.has(plugin.name) ? [createPlugin(plugin, options)] : []),
  ])
}
