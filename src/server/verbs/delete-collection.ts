// deletecollection: deletes each selected object; one that is already gone is no failure.
import { isReason } from '../../api/status.ts'
import { WorkBudget, yieldIfDue } from '../../base/async/turns.ts'
import type { Reply } from '../http/exchange.ts'
import { deleteObject, warnOfOrphans } from '../objects/delete-object.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import { readDeletion } from '../request/delete-options.ts'
import { listOptions } from '../request/list-options.ts'
import { bytesPerTurn } from '../request/pace.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { selectionOf } from '../request/selection.ts'
import { type ListParts, listReply, select } from './list.ts'

/** So many at once keep a group commit filled without holding the loop. */
const parallel = 64
/** Of their bytes, or one: writes of others wait in the store behind all that are at hand. */
const parallelBytes = 2 ** 20

/** Answers with the objects as they were selected. After the first that cannot be deleted no other is begun. */
export async function deleteCollection(writeParts: WriteParts, listParts: ListParts, context: ResourceContext): Promise<Reply> {
  // The selection is validated before the deletion's options.
  listOptions(context.query)
  selectionOf(context.query, context.served)
  const deletion = await readDeletion(context)
  warnOfOrphans(context, deletion)
  const selected = await select(listParts, context)
  const waiting = [...selected.result.entries]
  const failures: unknown[] = []
  const budget = new WorkBudget(bytesPerTurn)
  const room = new ByteRoom()
  const work = async () => {
    for (let entry = waiting.shift(); entry !== undefined && failures.length === 0; entry = waiting.shift()) {
      await room.enter(entry.byteLength)
      try {
        budget.spend(entry.byteLength)
        await yieldIfDue(budget)
        const inNamespace = { ...context, info: { ...context.info, namespace: entry.namespace } }
        await deleteObject(writeParts, inNamespace, entry.name, deletion)
      } catch (err) {
        if (!isReason(err, 'NotFound')) failures.push(err)
      } finally {
        room.leave(entry.byteLength)
      }
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  if (failures.length > 0) throw failures[0]
  return listReply(context, selected)
}

class ByteRoom {
  #taken = 0
  #freed = Promise.withResolvers<void>()

  async enter(bytes: number): Promise<void> {
    while (this.#taken > 0 && this.#taken + bytes > parallelBytes) await this.#freed.promise
    this.#taken += bytes
  }

  leave(bytes: number): void {
    this.#taken -= bytes
    this.#freed.resolve()
    this.#freed = Promise.withResolvers()
  }
}
