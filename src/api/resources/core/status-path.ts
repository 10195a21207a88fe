// What writes to `/status` and similar paths do not change.
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

/** The fields that control deletion. */
const lifeMetadata = ['deletionTimestamp', 'finalizers', 'ownerReferences'] as const
const keptMetadata = [...lifeMetadata, 'generation', 'selfLink', 'labels', 'annotations'] as const

/** Subresources for one part of the object leave its metadata unchanged. */
export const keepMetadata = (meta: ObjectMeta, old: ObjectMeta): void => keepFields(keptMetadata, meta, old)

/** Takes labels and annotations from the request, but not the fields that control deletion. */
export const keepLifeMetadata = (meta: ObjectMeta, old: ObjectMeta): void => keepFields(lifeMetadata, meta, old)

function keepFields(fields: readonly (keyof ObjectMeta)[], meta: ObjectMeta, old: ObjectMeta): void {
  const kept: ObjectMeta = {}
  for (const field of fields) {
    delete meta[field]
    if (old[field] !== undefined) Object.assign(kept, { [field]: old[field] })
  }
  Object.assign(meta, kept)
}
