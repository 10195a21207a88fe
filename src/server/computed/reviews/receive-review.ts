// What a question goes through before it is answered: the same as an object that is created, but nothing of it is kept.
import type { KubeObject } from '../../../api/object.ts'
import { invalid } from '../../../api/status.ts'
import { trackNewFields } from '../../objects/field-management.ts'
import { receiveNew, setManagedFields } from '../../objects/object-meta.ts'
import { dropDuplicateOwners } from '../../objects/owner-references.ts'
import { decodeBody } from '../../request/decode.ts'
import type { ResourceContext } from '../../request/request-context.ts'

/** Throws a 400 for what cannot be read and a 422 for what makes no sense. */
export async function receiveReview(context: ResourceContext): Promise<KubeObject> {
  const { definition } = context.served
  const track = trackNewFields(context)
  const review = await decodeBody(context)
  const sent = review.metadata.managedFields
  receiveNew(review.metadata, context.info.namespace, definition.namespaced)
  dropDuplicateOwners(review.metadata, context.warn)
  const errors = definition.validate?.(review) ?? []
  // Upstream names neither kind nor object here.
  if (errors.length > 0) throw invalid({ group: definition.group, kind: '' }, '', errors)
  setManagedFields(review.metadata, await track(review, sent))
  return review
}
