// Owners that are named twice count once, as upstream has it for clients that add themselves again.
import type { ObjectMeta, OwnerReference } from '../../api/object.ts'
import { writeJson } from '../../base/write-json.ts'

/**
 * Keeps the first of equal references, and warns the client. Whole objects are checked twice, the second time `afterAdmission`; what a patch makes is
 * looked at only then.
 */
export function dropDuplicateOwners(metadata: ObjectMeta, warn: (text: string) => void, afterAdmission = false): void {
  const owners = metadata.ownerReferences
  if (owners === undefined || owners.length < 2) return
  const kept = new Map<string, OwnerReference>()
  const repeated: string[] = []
  for (const owner of owners) {
    const { apiVersion, kind, name, uid, controller = null, blockOwnerDeletion = null } = owner
    const whole = writeJson([apiVersion, kind, name, uid, controller, blockOwnerDeletion])
    if (kept.has(whole)) repeated.push(uid)
    else kept.set(whole, owner)
  }
  if (repeated.length === 0) return
  metadata.ownerReferences = [...kept.values()]
  warn(
    `.metadata.ownerReferences contains duplicate entries${afterAdmission ? ' after mutating admission happens' : ''}; API server dedups owner references ` +
      `in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  )
}
