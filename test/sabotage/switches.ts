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
  plugin('APIServerEndpoints', ['D4']),
  unproven('APIServiceBackend', 'no proof attacks the addresses of extension API servers'),
  unproven('CertificateRequests', 'A11 has no proof'),
  unproven('ClusterTrustBundleAttest', 'A11 has no proof'),
  plugin('DenyServiceExternalIPs', ['D4']),
  unproven('EventRateLimit', 'no proof floods the API with Events'),
  plugin('ImageDigests', ['S9']),
  plugin('ImagePolicy', ['S9']),
  plugin('LimitRanger', ['C7', 'C8', 'C9', 'D4', 'D8', 'P1', 'P3', 'A7']),
  unproven('MutatingAdmissionPolicy', 'P1 attacks no MutatingAdmissionPolicy'),
  unproven('MutatingAdmissionWebhook', 'P1 attacks no webhook'),
  plugin('NamespaceDefaults', ['C7', 'C8', 'D4']),
  plugin('NamespaceLifecycle', ['D4']),
  plugin('NodeRestriction', ['A7', 'D4']),
  plugin('OperatingSystem', ['D4']),
  plugin('PodSecurity', ['C3', 'D4', 'D8', 'O11', 'P1']),
  plugin('PodSecurityRelaxation', ['C3']),
  plugin('Priority', ['D4']),
  plugin('ResourceQuota', ['C7']),
  plugin('RuntimeClass', ['D4']),
  plugin('ServiceAccount', ['A7']),
  plugin('StorageObjectInUseProtection', ['D4']),
  plugin('SystemPriority', ['D4']),
  plugin('TrustDomain', ['C9', 'P3']),
  plugin('UnenforcedKinds', ['D4']),
  plugin('ValidatingAdmissionPolicy', ['P1']),
  unproven('ValidatingAdmissionWebhook', 'P1 attacks no webhook'),
]
