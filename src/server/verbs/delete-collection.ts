// deletecollection: each selected object by itself; one that is gone meanwhile is no failure.
import { isReason } from '../../api/status.ts'
import { deleteObject, warnOfOrphans } from '../delete-object.ts'
import { readDeletion } from '../delete-options.ts'
import type { Reply } from '../exchange.ts'
import { itemOf } from '../list-item.ts'
import type { ResourceContext } from '../request-context.ts'
import { valueReply } from '../respond.ts'
import type { WriteParts } from '../write-parts.ts'
import { type ListParts, select } from './list.ts'

/** So many at once keep a group commit filled without holding the loop. */
const parallel = 64

export async function deleteCollection(writeParts: WriteParts, listParts: ListParts, context: ResourceContext): Promise<Reply> {
  const { served } = context
  const deletion = await readDeletion(context)
  warnOfOrphans(context, deletion)
  const { result, metadata } = await select(listParts, context)
  const waiting = [...result.entries]
  const work = async () => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      try {
        const inNamespace = { ...context, info: { ...context.info, namespace: entry.namespace } }
        await deleteObject(writeParts, inNamespace, entry.name, deletion)
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  const items = result.entries.map(entry => itemOf(served, served.view.object(entry)))
  return valueReply(context, { kind: served.definition.listKind, apiVersion: served.apiVersion, metadata, items })
}
