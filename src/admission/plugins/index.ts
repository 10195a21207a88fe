// The plugins in the order in which they run; a place in this list is the plugin's place in the chain (upstream's order).
import type { AdmissionPlugin } from '../admission.ts'
import type { Arrivals } from '../arrivals.ts'
import type { PluginConfiguration } from '../configuration.ts'
import type { ObjectFeed } from '../object-feed.ts'
import { enabledPlugins, pluginNames } from '../plugin-table.ts'
import { defaultPolicy } from '../pod-security/configuration.ts'
import { defaultExemptions } from '../pod-security/exemptions.ts'
import type { QuotaLedger } from '../quota/ledger.ts'
import type { ClientIdentities } from '../webhook/client-identity.ts'
import type { WebhookContext } from '../webhook/review-by-hook.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import { apiServiceBackend } from './api-service-backend.ts'
import { type CertificateRequestOptions, certificateRequests } from './certificate-requests.ts'
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { denyServiceExternalIps } from './deny-service-external-ips.ts'
import { eventRateLimit, secureEventLimits } from './event-rate-limit.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { imagePolicyWebhook } from './image-policy-webhook.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { limitRanger } from './limit-ranger.ts'
import { type MutatingAdmissionPolicyOptions, mutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { mutatingAdmissionWebhook } from './mutating-admission-webhook.ts'
import { namespaceDefaults } from './namespace-defaults.ts'
import { namespaceExists } from './namespace-exists.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { operatingSystem } from './operating-system.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { noNodeSelectors, podNodeSelector } from './pod-node-selector.ts'
import { podSecurity } from './pod-security.ts'
import { podSecurityDefaults } from './pod-security-defaults.ts'
import { podSecurityRelaxation } from './pod-security-relaxation.ts'
import { noClusterTolerations, podTolerationRestriction } from './pod-toleration-restriction.ts'
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
  readonly feed: ObjectFeed
  readonly ledger: QuotaLedger
  /** Rules of access control, which judge what nothing changes any more, and before anything is charged. */
  readonly access?: readonly AdmissionPlugin[]
  readonly webhooks: WebhookContext
  readonly arrivals: Arrivals
  /** `secure`: restricted pods, workloads refused with their pods, no external IPs, tokens only for accounts with rights. */
  readonly profile: 'secure' | 'upstream'
  /** Which of the plug-ins that can be switched are on; default: those of the profile. */
  readonly enabled?: ReadonlySet<string>
  readonly configuration?: PluginConfiguration
  /** Milliseconds since the epoch. */
  now(): number
  /** Lower-case letters and digits for generated volume names. */
  randomSuffix(): string
  /** Whether RBAC grants a ServiceAccount anything of its own. */
  hasRights(namespace: string, name: string): boolean
}

export function admissionPlugins(options: PluginOptions): readonly AdmissionPlugin[] {
  const { reader, profile, randomSuffix, arrivals } = options
  const secure = profile === 'secure'
  const { enabled = enabledPlugins(profile, {}), configuration = {} } = options
  const defaults = defaultPolicy(profile, configuration.podSecurity)
  const exemptions = configuration.podSecurity?.exemptions ?? defaultExemptions
  const calledAs = (identities: ClientIdentities | undefined): WebhookContext =>
    identities === undefined ? options.webhooks : { ...options.webhooks, identities }
  const all: readonly AdmissionPlugin[] = [
    namespaceLifecycle({ reader }),
    namespaceExists({ reader }),
    unenforcedKinds({ mutates: options.mutatingSources.length > 0 }),
    namespaceDefaults({ reader, arrivals }),
    limitPodHardAntiAffinityTopology,
    limitRanger(options),
    serviceAccount({ reader, arrivals, randomSuffix, ...(secure ? { hasRights: options.hasRights } : {}) }),
    nodeRestriction(options),
    taintNodesByCondition,
    trustDomain(options),
    alwaysPullImages,
    imagePolicyWebhook({ ...options.webhooks, configuration: configuration.imagePolicy, templates: secure }),
    podSecurity({
      reader,
      defaults,
      exemptions,
      enforceOnWorkloads: secure,
      now: () => options.now(),
    }),
    operatingSystem({ reader }),
    podSecurityRelaxation({ decide: options.decide, defaults }),
    podNodeSelector({ reader, selectors: configuration.nodeSelectors ?? noNodeSelectors }),
    priority({ reader }),
    systemPriority({ reader }),
    defaultTolerationSeconds,
    podTolerationRestriction({ reader, cluster: configuration.tolerations ?? noClusterTolerations }),
    eventRateLimit({ limits: configuration.eventLimits ?? secureEventLimits, feed: options.feed, now: () => options.now() }),
    extendedResourceToleration,
    defaultStorageClass({ reader }),
    storageObjectInUseProtection,
    ownerReferencesPermissionEnforcement(options),
    persistentVolumeClaimResize({ reader }),
    runtimeClass({ reader }),
    certificateRequests(options),
    clusterTrustBundleAttest(options),
    defaultIngressClass({ reader }),
    denyServiceExternalIps,
    apiServiceBackend,
    podTopologyLabels({ reader }),
    mutatingAdmissionPolicy(options),
    mutatingAdmissionWebhook(calledAs(configuration.mutatingIdentities)),
    podSecurityDefaults({ reader, defaults, exemptions }),
    ...(options.access ?? []),
    validatingAdmissionPolicy(options),
    validatingAdmissionWebhook(calledAs(configuration.validatingIdentities)),
    resourceQuota(options),
  ]
  // What is not in the table cannot be switched off.
  return all.filter(({ name }) => enabled.has(name) || !switchable.has(name))
}

const switchable: ReadonlySet<string> = new Set(pluginNames)
