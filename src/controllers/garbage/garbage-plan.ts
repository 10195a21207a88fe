// Decides what happens to an object whose owners are gone or being deleted. Pure; the rules of upstream's garbage collector.
import type { KubeObject, OwnerReference } from '../../api/object.ts'

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

/** `solid`: it exists. `dangling`: it is gone, or another object has its name. `waiting`: it waits for its dependents to be deleted. */
export type OwnerState = 'solid' | 'dangling' | 'waiting'

export type GarbagePlan =
  | { readonly plan: 'keep' }
  /** Some owners remain: references to the others are removed. */
  | { readonly plan: 'unlink'; readonly uids: readonly string[] }
  | { readonly plan: 'delete'; readonly policy: 'Foreground' | 'Background' | 'Orphan' }

export function isDeletingDependents({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(foregroundFinalizer)
}

export function isOrphaning({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(orphanFinalizer)
}

export function planGarbage(
  object: KubeObject,
  owners: readonly { readonly owner: OwnerReference; readonly state: OwnerState }[],
  hasDependents: boolean,
): GarbagePlan {
  if (owners.length === 0) return { plan: 'keep' }
  const gone = owners.filter(({ state }) => state !== 'solid')
  if (gone.length === 0) return { plan: 'keep' }
  if (gone.length < owners.length) return { plan: 'unlink', uids: gone.map(({ owner }) => owner.uid) }
  if (hasDependents && owners.some(({ state }) => state === 'waiting')) return { plan: 'delete', policy: 'Foreground' }
  const finalizers = object.metadata.finalizers ?? []
  if (finalizers.includes(orphanFinalizer)) return { plan: 'delete', policy: 'Orphan' }
  return { plan: 'delete', policy: finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background' }
}

/** The reference that makes a foreground deletion of `uid` wait for the dependent. */
export function blockingReference(dependent: KubeObject, uid: string): OwnerReference | undefined {
  return dependent.metadata.ownerReferences?.find(owner => owner.uid === uid && owner.blockOwnerDeletion === true)
}
