// Decodes, validates and admits a review like a new object, without storing it.
import type { KubeObject } from '../../../api/object.ts'
import { invalid } from '../../../api/status.ts'
import { trackNewFields } from '../../objects/field-management.ts'
import { receiveNew, setManagedFields } from '../../objects/object-meta.ts'
import { dropDuplicateOwners } from '../../objects/owner-references.ts'
import { decodeBody } from '../../request/decode.ts'
import type { ResourceContext } from '../../request/request-context.ts'

/** Throws a 400 for an unreadable review and a 422 for an invalid one. */
export async function receiveReview(context: ResourceContext): Promise<KubeObject> {
  const { definition } = context.served
  const track = trackNewFields(context)
  const review = await decodeBody(context)
  const sent = review.metadata.managedFields
  receiveNew(review.metadata, context.info.namespace, definition.namespaced)
  dropDuplicateOwners(review.metadata, context.warn)
  const errors = definition.validate?.(review) ?? []
  // As upstream, the error names neither kind nor object.
  if (errors.length > 0) throw invalid({ group: definition.group, kind: '' }, '', errors)
  setManagedFields(review.metadata, await track(review, sent))
  return review
}
