// Owner references: which controller an object has, and how a controller claims its objects.
import { groupVersion, type KubeObject, type OwnerReference } from '../api/object.ts'
import type { ResourceRef } from '../client/resource-ref.ts'

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(owner => owner.controller === true)
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

/** Whether `owner` is one of the object's owners, not only another object of its name. */
export function isOwnedBy({ metadata }: KubeObject, owner: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true
}

/** The owner reference to `owner`, an object of `resource`, as controller. */
export function controllerReference(owner: KubeObject, resource: ResourceRef): OwnerReference {
  return {
    apiVersion: groupVersion(resource.group, resource.version),
    kind: resource.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

export interface Claim<T> {
  /** Controlled by the owner and selected. */
  readonly owned: readonly T[]
  /** Selected, without a controller: to be adopted. */
  readonly adopt: readonly T[]
  /** Controlled by the owner, but no longer selected: to be released. */
  readonly release: readonly T[]
}

/** The objects of `candidates` that belong to `owner` (upstream's ControllerRefManager). An owner that is being deleted adopts and releases nothing. */
export function planOwnership<T extends KubeObject>(
  owner: KubeObject,
  candidates: readonly T[],
  selected: (object: T) => boolean,
): Claim<T> {
  const owned: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  const ending = owner.metadata.deletionTimestamp !== undefined
  for (const object of candidates) {
    const controller = controllerOf(object)
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue
      if (selected(object)) owned.push(object)
      else if (!ending) release.push(object)
    } else if (!ending && object.metadata.deletionTimestamp === undefined && selected(object)) {
      adopt.push(object)
    }
  }
  return { owned, adopt, release }
}
