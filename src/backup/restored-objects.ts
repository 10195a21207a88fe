// Builds the objects of a revision from a full backup and the changes after it.
import { forEachLine, type ObjectRecord, parseRecord, placeKey } from '../api/backup/record-line.ts'
import type { LinkPack } from '../base/backup/backup-link.ts'
import { messageOf } from '../base/user-error.ts'
import { BackupFault } from './backup-fault.ts'
import type { RestorePlan } from './restore-plan.ts'

/** Reads and opens a pack. */
export type ReadPlain = (ref: LinkPack) => Promise<Buffer>

/** Rejects with a `BackupFault` if a pack is missing, was changed, or holds other lines than it must. */
export async function restoredObjects({ base, changes, revision }: RestorePlan, read: ReadPlain): Promise<Map<string, ObjectRecord>> {
  const objects = new Map<string, ObjectRecord>()
  for (const ref of base.content.chunks) {
    eachRecord(ref, await read(ref), record => {
      objects.set(placeKey(record), record)
    })
  }
  for (const { content } of changes)
    eachRecord(content.pack, await read(content.pack), record => {
      if (record.revision <= base.content.revision || record.revision > revision) return
      if (record.bytes === undefined) objects.delete(placeKey(record))
      else objects.set(placeKey(record), record)
    })
  return objects
}

/** Throws a `BackupFault` for a pack that is no list of objects. */
export function eachRecord({ pack }: LinkPack, lines: Buffer, visit: (record: ObjectRecord) => void): void {
  try {
    forEachLine(lines, line => visit(parseRecord(line)))
  } catch (err) {
    throw new BackupFault('damaged', `Pack ${pack} is no list of objects: ${messageOf(err)}`, { cause: err })
  }
}
