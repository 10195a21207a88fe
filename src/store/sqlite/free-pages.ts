// Returns pages that compaction freed to the file system, a few at a time. A file that was created without incremental vacuum keeps them
// for later writes.
import type { DatabaseSync } from 'node:sqlite'

/** Free pages that are kept for later writes: as much as a busy minute needs, or a part of a large file. */
const spareBytes = 16 * 2 ** 20
const spareShare = 8
/** Moved in one step, so that waiting writes are not delayed. */
const stepBytes = 2 * 2 ** 20

/** Shortens the file by a step if more than the spare pages are free. Returns whether there is more to do. */
export function giveBackPages(db: DatabaseSync): boolean {
  if (!hasPagesToGiveBack(db)) return false
  const before = pragma(db, 'freelist_count')
  db.exec(`PRAGMA incremental_vacuum(${Math.floor(stepBytes / pragma(db, 'page_size'))})`)
  return pragma(db, 'freelist_count') < before && hasPagesToGiveBack(db)
}

export function hasPagesToGiveBack(db: DatabaseSync): boolean {
  const incremental = 2
  if (pragma(db, 'auto_vacuum') !== incremental) return false
  const spare = Math.max(spareBytes / pragma(db, 'page_size'), pragma(db, 'page_count') / spareShare)
  return pragma(db, 'freelist_count') > spare
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
}
