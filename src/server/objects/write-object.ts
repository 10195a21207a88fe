// Writes an object that may exceed the size limit of the store, the quota of its namespace, or the limit of its user.

import { isClusterCritical, isOwnPart } from '../../access/authorizers/own-parts.ts'
import type { AdmissionRequest } from '../../admission/admission.ts'
import type { KubeObject } from '../../api/object.ts'
import { type Entry, ObjectTooLarge, type WriteRequest, type WriteSize } from '../../store/store.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { isApply } from '../request/write-options.ts'
import type { Reservation, WriteParts } from './write-parts.ts'

type Asked = Pick<WriteRequest, 'namespace' | 'name' | 'expected'> & {
  readonly object: KubeObject
  readonly isUpkeep?: boolean
  readonly reservation?: Reservation | undefined
}

/**
 * Writes; as upstream, drops the managed fields of an object that is too large: they can be large, and are created anew at the next write.
 * An apply is not stored without its manager. `object` must not be modified afterwards. Throws as `Collection.write`, or the ApiError of
 * the exceeded limit.
 */
export function writeObject(
  parts: WriteParts,
  context: ResourceContext,
  { isUpkeep: isOfServer = false, reservation, ...asked }: Asked,
  admission: AdmissionRequest,
): Promise<Entry> {
  const { served, user } = context
  // The cluster's updates of existing objects continue: a pod's status must not stop because its namespace is full.
  const isUpkeep = isOfServer || (asked.expected !== undefined && isOwnPart(user))
  let isCounted = false
  const request: WriteRequest = {
    ...asked,
    usesReserve: isOfServer || isClusterCritical(user),
    admit(size: WriteSize) {
      if (!isUpkeep) parts.admission.validateSize?.(admission, size)
      // Once, however often it is decided.
      if (!isCounted) parts.writtenBytes?.take(user, asked.namespace, size.bytes)
      isCounted = true
    },
    recheck() {
      reservation?.recheck?.()
      parts.admission.recheck?.(admission)
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
