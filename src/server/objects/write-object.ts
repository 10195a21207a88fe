// Writing an object that may be too large for the store, for the quota of its namespace, or for who writes it.

import { isClusterCritical, isOwnPart } from '../../access/authorizers/own-parts.ts'
import type { AdmissionRequest } from '../../admission/admission.ts'
import type { KubeObject } from '../../api/object.ts'
import { type Entry, ObjectTooLarge, type WriteRequest, type WriteSize } from '../../store/store.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { isApply } from '../request/write-options.ts'
import type { WriteParts } from './write-parts.ts'

type Asked = Pick<WriteRequest, 'namespace' | 'name' | 'expected'> & { readonly object: KubeObject; readonly isUpkeep?: boolean }

/**
 * Writes; an object that is too large goes without its managed fields, as upstream: they can be large, and are made anew when somebody writes.
 * What somebody applies is not stored without saying that it is theirs. `object` must not be changed after it was taken. Throws as `Collection.write`,
 * and the ApiError of what the size exceeds.
 */
export function writeObject(
  parts: WriteParts,
  context: ResourceContext,
  { isUpkeep: isOfServer = false, ...asked }: Asked,
  admission: AdmissionRequest,
): Promise<Entry> {
  const { served, user } = context
  // What the cluster says of objects that are there goes on: the status of a pod must not stop where its namespace is full.
  const isUpkeep = isOfServer || (asked.expected !== undefined && isOwnPart(user))
  const request: WriteRequest = {
    ...asked,
    usesReserve: isOfServer || isClusterCritical(user),
    admit(size: WriteSize) {
      if (!isUpkeep) parts.admission.validateSize?.(admission, size)
      parts.writtenBytes?.take(user, asked.namespace, size.bytes)
    },
  }
  try {
    return served.collection.write(request)
  } catch (err) {
    const { metadata } = asked.object
    if (!(err instanceof ObjectTooLarge) || metadata.managedFields === undefined || isApply(context)) throw err
    delete metadata.managedFields
    return served.collection.write(request)
  }
}
