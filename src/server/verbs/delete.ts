// delete: one object, at once or when its grace period and finalizers allow.
import { forbidden } from '../../api/status.ts'
import { entryReply, objectReply, successReply } from '../answers/respond.ts'
import type { Reply } from '../http/exchange.ts'
import { deleteObject, warnOfOrphans } from '../objects/delete-object.ts'
import { isNamespace } from '../objects/update-object.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import { readDeletion } from '../request/delete-options.ts'
import type { ResourceContext } from '../request/request-context.ts'

export async function remove(parts: WriteParts, context: ResourceContext): Promise<Reply> {
  const { served, info } = context
  const deletion = await readDeletion(context)
  const why = served.definition.deletion?.refuse?.(info.name)
  if (why !== undefined) throw forbidden(served.named, info.name, why)
  warnOfOrphans(context, deletion)
  const { object, entry, gone } = await deleteObject(parts, context, info.name, deletion)
  const { group, plural, deletion: rules } = served.definition
  if (!gone || rules?.returnsObject === true || isNamespace(object)) {
    // As upstream: a client of the legacy option gets whether the deletion is complete.
    const status = !gone && deletion.orphansExplicitlyOff === true ? 202 : 200
    return entry ? entryReply(context, entry, status) : objectReply(context, served, object, status)
  }
  return successReply(context, {
    name: info.name,
    ...(group === '' ? {} : { group }),
    kind: plural,
    ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
  })
}
