// Writing an object that may be too large for the store.
import type { KubeObject } from '../../api/object.ts'
import { type Entry, ObjectTooLarge, type WriteRequest } from '../../store/store.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { isApply } from './field-management.ts'

/**
 * Writes; an object that is too large goes without its managed fields, as upstream: they can be large, and are made anew when somebody writes.
 * What somebody applies is not stored without saying that it is theirs. `object` must not be changed after it was taken. Throws as `Collection.write`.
 */
export function writeObject(context: ResourceContext, request: WriteRequest & { readonly object: KubeObject }): Promise<Entry> {
  const { collection } = context.served
  try {
    return collection.write(request)
  } catch (err) {
    const { metadata } = request.object
    if (!(err instanceof ObjectTooLarge) || metadata.managedFields === undefined || isApply(context)) throw err
    delete metadata.managedFields
    return collection.write(request)
  }
}
