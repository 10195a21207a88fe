// Writing an object that may be too large for the store.
import type { KubeObject } from '../api/object.ts'
import { type Collection, type Entry, ObjectTooLarge, type WriteRequest } from '../store/store.ts'

/**
 * Writes; an object that is too large goes without its managed fields, as upstream: they can be large, and are made anew when somebody writes.
 * `object` must not be changed after it was taken. Throws as `Collection.write`.
 */
export function writeFitting(collection: Collection, request: WriteRequest & { readonly object: KubeObject }): Promise<Entry> {
  try {
    return collection.write(request)
  } catch (err) {
    const { metadata } = request.object
    if (!(err instanceof ObjectTooLarge) || metadata.managedFields === undefined) throw err
    delete metadata.managedFields
    return collection.write(request)
  }
}
