// What the `/status` path and its like leave alone.
import type { ObjectMeta } from '../../object.ts'

interface WithSpec {
  metadata: ObjectMeta
  spec?: unknown
}

/** A write to `/status` cannot change the spec. */
export function keepSpec<T extends WithSpec>(object: T, old: T): void {
  object.spec = old.spec
}

/** A write to the main path cannot change the status. */
export function keepStatus<T extends { status?: unknown }>(object: T, old: T): void {
  if (old.status === undefined) delete object.status
  else object.status = old.status
}

const keptMetadata = ['deletionTimestamp', 'generation', 'selfLink', 'labels', 'annotations', 'finalizers', 'ownerReferences'] as const

/** Subresources that are about one part of the object leave its metadata as it is. */
export function keepMetadata(meta: ObjectMeta, old: ObjectMeta): void {
  const kept: ObjectMeta = {}
  for (const field of keptMetadata) {
    delete meta[field]
    if (old[field] !== undefined) Object.assign(kept, { [field]: old[field] })
  }
  Object.assign(meta, kept)
}
