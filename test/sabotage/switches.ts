// Each protection that a flag `--insecure-*` of `bulkhead up` can switch off, and the proofs that must fail then: exactly these.

export interface Switch {
  readonly flag: string
  readonly value: string
  readonly proofs: readonly string[]
  /** Why no proof fails. */
  readonly knownMissed?: string
}

const plugin = (value: string, proofs: readonly string[]): Switch => ({ flag: '--insecure-disable-admission-plugins', value, proofs })
const unproven = (value: string, knownMissed: string): Switch => ({ ...plugin(value, []), knownMissed })

export const switches: readonly Switch[] = [
  unproven('APIServerEndpoints', 'no proof writes the endpoints of the API server'),
  unproven('APIServiceBackend', 'no proof attacks the addresses of extension API servers'),
  unproven('CertificateRequests', 'A11 has no proof'),
  unproven('ClusterTrustBundleAttest', 'A11 has no proof'),
  unproven('DenyServiceExternalIPs', 'no proof creates a Service with external addresses'),
  unproven('EventRateLimit', 'no proof floods the API with Events'),
  plugin('LimitRanger', ['C7', 'C8', 'C9', 'D4', 'D8', 'P1', 'P3', 'A7']),
  unproven('MutatingAdmissionPolicy', 'P1 attacks no MutatingAdmissionPolicy'),
  unproven('MutatingAdmissionWebhook', 'P1 attacks no webhook'),
  plugin('NamespaceDefaults', ['C7', 'C8', 'D4']),
  unproven('NamespaceLifecycle', 'no proof writes into a namespace that is being deleted'),
  plugin('NodeRestriction', ['A7', 'D4']),
  unproven('OperatingSystem', 'no proof creates a pod for Windows'),
  plugin('PodSecurity', ['C3', 'D4', 'D8', 'O11', 'P1']),
  plugin('PodSecurityRelaxation', ['C3']),
  unproven('Priority', 'no proof creates a pod with a priority of its own'),
  plugin('ResourceQuota', ['C7']),
  unproven('RuntimeClass', 'no proof claims an overhead'),
  plugin('ServiceAccount', ['A7']),
  unproven('StorageObjectInUseProtection', 'no proof deletes a volume in use'),
  unproven('SystemPriority', 'no proof creates a pod of a system priority'),
  plugin('TrustDomain', ['C9', 'P3']),
  unproven('UnenforcedKinds', 'it warns, and refuses nothing'),
  plugin('ValidatingAdmissionPolicy', ['P1']),
  unproven('ValidatingAdmissionWebhook', 'P1 attacks no webhook'),
]
