// All proofs, in the order of the goals.
import type { Proof } from '../proof.ts'
import { noNodePort } from './a1-no-node-port.ts'
import { authentication } from './a3-authentication.ts'
import { revocation } from './a4-revocation.ts'
import { authorization } from './a5-authorization.ts'
import { workloadIdentity } from './a7-workload-identity.ts'
import { componentIdentity } from './a8-component-identity.ts'
import { runtimeDrift } from './c2-runtime-drift.ts'
import { podSecurity } from './c3-pod-security.ts'
import { containerPrivilege } from './c4-container-privilege.ts'
import { resourceQuota } from './c7-resource-quota.ts'
import { limitRange } from './c8-limit-range.ts'
import { nodeIsolation } from './c9-node-isolation.ts'
import { developerMachine } from './d1-developer-machine.ts'
import { checkedManifests } from './d2-checked-manifests.ts'
import { leastSurface } from './d4-least-surface.ts'
import { exceptions } from './d8-exceptions.ts'
import { networkPolicy } from './n1-network-policy.ts'
import { overlayEncryption } from './n3-overlay-encryption.ts'
import { auditRecords } from './o11-audit-records.ts'
import { tamperEvidence } from './o12-tamper-evidence.ts'
import { confidentialLogs } from './o13-confidential-logs.ts'
import { admission } from './p1-admission.ts'
import { placement } from './p3-placement.ts'
import { recordedImages } from './s1-recorded-images.ts'
import { ownFiles } from './s2-own-files.ts'
import { signedManifests } from './s3-signed-manifests.ts'
import { knownVulnerabilities } from './s4-known-vulnerabilities.ts'
import { encryptedTransport } from './s5-encrypted-transport.ts'
import { trustRootRollback } from './s6-trust-roots.ts'
import { updates } from './s7-updates.ts'
import { dueDates } from './s8-due-dates.ts'
import { signedImages } from './s9-signed-images.ts'
import { advisoryAlarms } from './s10-advisory-alarms.ts'
import { registryRights } from './s11-registry-rights.ts'
import { podPulls } from './s12-pod-pulls.ts'
import { encryptedVolumes } from './t1-encrypted-volumes.ts'
import { encryptionAtRest } from './t2-encryption-at-rest.ts'
import { backups } from './t3-backups.ts'
import { restoredBackups } from './t4-restored-backups.ts'
import { nodeToStorage } from './t5-node-to-storage.ts'

export const proofs: readonly Proof[] = [
  developerMachine,
  checkedManifests,
  leastSurface,
  exceptions,
  recordedImages,
  ownFiles,
  signedManifests,
  knownVulnerabilities,
  encryptedTransport,
  trustRootRollback,
  updates,
  dueDates,
  signedImages,
  advisoryAlarms,
  registryRights,
  podPulls,
  admission,
  placement,
  noNodePort,
  authentication,
  revocation,
  authorization,
  workloadIdentity,
  componentIdentity,
  runtimeDrift,
  podSecurity,
  containerPrivilege,
  resourceQuota,
  limitRange,
  nodeIsolation,
  encryptedVolumes,
  encryptionAtRest,
  backups,
  restoredBackups,
  nodeToStorage,
  networkPolicy,
  overlayEncryption,
  auditRecords,
  tamperEvidence,
  confidentialLogs,
]
