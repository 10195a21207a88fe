// Writes the file of a store with given objects, so that a server opens it as one that was compacted at its end.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type PackedRecords, pack } from '../records/record.ts'
import { restoredGap, type StoreHead } from '../records/store-head.ts'
import { noFields, type RestoredObject } from '../restored-object.ts'
import type { Sealer } from '../store.ts'
import { LogDatabase } from './log-database.ts'

export interface RestoredLog {
  /** Created with mode 0700; must hold no store. */
  readonly directory: string
  readonly sealer: Sealer
  /** In any order. */
  readonly objects: readonly RestoredObject[]
  /** The newest revision that the cluster may have used, as far as is known. */
  readonly newest: number
  /** In ms since the epoch. */
  readonly now: number
}

const recordsPerPiece = 1000

/**
 * Objects keep their revisions, and the store continues far above the newest: writes that are lost may have been seen, and no revision
 * comes twice. Returns the head for the signer.
 */
export async function writeRestoredLog({ directory, sealer, objects, newest, now }: RestoredLog): Promise<StoreHead> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { id, key, wrapped } = await sealer.newDataKey()
  const db = new LogDatabase({ file: join(directory, 'store.db') })
  try {
    db.useKey(key, wrapped, id)
    db.fill(pieces(objects, now), newest + restoredGap)
    return db.head
  } finally {
    db.close()
  }
}

function* pieces(objects: readonly RestoredObject[], at: number): Generator<PackedRecords> {
  const sorted = [...objects].sort((one, other) => one.revision - other.revision)
  for (let from = 0; from < sorted.length; from += recordsPerPiece)
    yield pack(
      sorted.slice(from, from + recordsPerPiece).map(({ groupResource, namespace, name, revision, bytes, labels }) => ({
        ...{ revision, previous: 0, deleted: false, bytes },
        header: { groupResource, namespace, name, at, fieldsVersion: noFields, labels, extraFields: undefined },
      })),
    )
}
