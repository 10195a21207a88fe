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
  plugin('APIServiceBackend', ['D4']),
  plugin('CSIInlineVolumes', ['C3']),
  plugin('CertificateRequests', ['A8']),
  unproven('ClusterTrustBundleAttest', 'v1.33 does not serve the kind'),
  plugin('DenyServiceExternalIPs', ['D4']),
  plugin('EventRateLimit', ['A1']),
  plugin('ImageDigests', ['S9']),
  plugin('ImagePolicy', ['S8', 'S9']),
  plugin('LimitRanger', ['C8']),
  plugin('ManifestPolicy', ['S3']),
  unproven('MutatingAdmissionPolicy', 'its feature is off unless an administrator turns it on; then P1 sees it'),
  plugin('MutatingAdmissionWebhook', ['P1']),
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
  plugin('ValidatingAdmissionWebhook', ['P1']),
]
