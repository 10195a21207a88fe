// The plugins in the order in which they run; a place in this list is the plugin's place in the chain (upstream's order).
import type { AdmissionPlugin } from '../admission.ts'
import type { ObjectFeed } from '../object-feed.ts'
import type { QuotaLedger } from '../quota/ledger.ts'
import { type CertificateRequestOptions, certificateRequests } from './certificate-requests.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { denyServiceExternalIps } from './deny-service-external-ips.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podSecurity } from './pod-security.ts'
import { priority } from './priority.ts'
import { resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { unenforcedKinds } from './unenforced-kinds.ts'
import { type ValidatingAdmissionPolicyOptions, validatingAdmissionPolicy } from './validating-admission-policy.ts'

export interface PluginOptions extends CertificateRequestOptions, ValidatingAdmissionPolicyOptions {
  readonly feed: ObjectFeed
  readonly ledger: QuotaLedger
  /** Rules of access control, which judge before anything is charged. */
  readonly access?: readonly AdmissionPlugin[]
  /** `secure`: restricted pods, workloads refused with their pods, no external IPs, tokens only for accounts with rights. */
  readonly profile: 'secure' | 'upstream'
  /** Lower-case letters and digits for generated volume names. */
  randomSuffix(): string
  /** Whether RBAC grants a ServiceAccount anything of its own. */
  hasRights(namespace: string, name: string): boolean
}

export function admissionPlugins(options: PluginOptions): readonly AdmissionPlugin[] {
  const { reader, profile, randomSuffix } = options
  const secure = profile === 'secure'
  return [
    namespaceLifecycle({ reader }),
    unenforcedKinds({ warnOnly: !secure }),
    limitRanger(options),
    serviceAccount(secure ? { reader, randomSuffix, hasRights: options.hasRights } : { reader, randomSuffix }),
    nodeRestriction({ reader }),
    taintNodesByCondition,
    podSecurity({ reader, defaults: secure ? 'restricted' : 'privileged', enforceOnWorkloads: secure }),
    priority({ reader }),
    defaultTolerationSeconds,
    defaultStorageClass({ reader }),
    storageObjectInUseProtection,
    persistentVolumeClaimResize({ reader }),
    runtimeClass({ reader }),
    certificateRequests(options),
    defaultIngressClass({ reader }),
    ...(secure ? [denyServiceExternalIps] : []),
    ...(options.access ?? []),
    validatingAdmissionPolicy(options),
    resourceQuota(options),
  ]
}
