// All proofs, in the order of the goals.
import type { Proof } from '../proof.ts'
import { noNodePort } from './a1-no-node-port.ts'
import { authentication } from './a3-authentication.ts'
import { revocation } from './a4-revocation.ts'
import { authorization } from './a5-authorization.ts'
import { workloadIdentity } from './a7-workload-identity.ts'
import { componentIdentity } from './a8-component-identity.ts'
import { podSecurity } from './c3-pod-security.ts'
import { containerPrivilege } from './c4-container-privilege.ts'
import { resourceQuota } from './c7-resource-quota.ts'
import { limitRange } from './c8-limit-range.ts'
import { nodeIsolation } from './c9-node-isolation.ts'
import { checkedManifests } from './d2-checked-manifests.ts'
import { leastSurface } from './d4-least-surface.ts'
import { exceptions } from './d8-exceptions.ts'
import { networkPolicy } from './n1-network-policy.ts'
import { auditRecords } from './o11-audit-records.ts'
import { admission } from './p1-admission.ts'
import { placement } from './p3-placement.ts'
import { ownFiles } from './s2-own-files.ts'
import { encryptedTransport } from './s5-encrypted-transport.ts'
import { signedImages } from './s9-signed-images.ts'
import { encryptionAtRest } from './t2-encryption-at-rest.ts'

export const proofs: readonly Proof[] = [
  checkedManifests,
  leastSurface,
  exceptions,
  encryptedTransport,
  ownFiles,
  signedImages,
  admission,
  placement,
  noNodePort,
  authentication,
  revocation,
  authorization,
  workloadIdentity,
  componentIdentity,
  podSecurity,
  containerPrivilege,
  resourceQuota,
  limitRange,
  nodeIsolation,
  encryptionAtRest,
  networkPolicy,
  auditRecords,
]
