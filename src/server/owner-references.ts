// Owners that are named twice count once, as upstream has it for clients that add themselves again.
import type { ObjectMeta, OwnerReference } from '../api/object.ts'

/** Keeps the first of equal references, and tells the client. */
export function dropDuplicateOwners(metadata: ObjectMeta, warn: (text: string) => void): void {
  const owners = metadata.ownerReferences
  if (owners === undefined || owners.length < 2) return
  const kept = new Map<string, OwnerReference>()
  const repeated = new Set<string>()
  for (const owner of owners) {
    const { apiVersion, kind, name, uid, controller = null, blockOwnerDeletion = null } = owner
    const whole = JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion])
    if (kept.has(whole)) repeated.add(uid)
    else kept.set(whole, owner)
  }
  if (repeated.size === 0) return
  metadata.ownerReferences = [...kept.values()]
  warn(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; ' +
      `please fix your requests; duplicate UID(s) observed: ${[...repeated].join(', ')}`,
  )
}
