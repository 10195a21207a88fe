// Adopts and releases objects as planned, with upstream's checks against races.
import type { KubeObject } from '../../api/object.ts'
import { isReason } from '../../api/status.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'
import type { Context } from '../controller.ts'
import { type Claim, controllerReference } from '../owner.ts'

/** Returns what the owner controls afterwards. A `finalizer` is added to adopted objects, and removed from released ones. */
export async function applyClaim<T extends KubeObject>(
  context: Context,
  owner: KubeObject,
  ownerResource: ResourceRef,
  resource: ResourceRef<T>,
  claim: Claim<T>,
  signal: AbortSignal,
  finalizer?: string,
): Promise<T[]> {
  const owned = [...claim.owned]
  if (claim.adopt.length > 0 && (await isStillThere(context, owner, ownerResource, signal))) {
    for (const object of claim.adopt) {
      const hold = finalizer === undefined ? {} : { finalizers: [finalizer] }
      const metadata = { uid: object.metadata.uid, ownerReferences: [controllerReference(owner, ownerResource)], ...hold }
      const adopted = await patch(context, resource, object, { metadata }, signal)
      if (adopted !== undefined) owned.push(adopted)
    }
  }
  for (const object of claim.release) {
    const ownerReferences = [{ $patch: 'delete', uid: owner.metadata.uid }]
    const free = finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] }
    await patch(context, resource, object, { metadata: { uid: object.metadata.uid, ownerReferences, ...free } }, signal)
  }
  return owned
}

/** The cache may be outdated: an owner that was deleted or recreated must not adopt. */
async function isStillThere(context: Context, owner: KubeObject, resource: ResourceRef, signal: AbortSignal): Promise<boolean> {
  try {
    const fresh = await context.client.get(resource, owner.metadata.namespace ?? '', owner.metadata.name ?? '', signal)
    return fresh.metadata.uid === owner.metadata.uid && fresh.metadata.deletionTimestamp === undefined
  } catch (err) {
    if (isReason(err, 'NotFound')) return false
    throw err
  }
}

async function patch<T extends KubeObject>(
  context: Context,
  resource: ResourceRef<T>,
  object: T,
  body: unknown,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { namespace = '', name = '' } = object.metadata
  try {
    return await context.client.patch(resource, namespace, name, body, { type: 'strategic' }, signal)
  } catch (err) {
    // Deleted, or replaced by another object (the uid differs): nothing to claim.
    if (isReason(err, 'NotFound') || isReason(err, 'Invalid')) return undefined
    throw err
  }
}
