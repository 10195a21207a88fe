// Gives pages that compaction has freed back to the file system, a few at a time. A file that was made before SQLite kept track for this keeps them for what is written next.
import type { DatabaseSync } from 'node:sqlite'

/** Free pages that are kept for what is written next: as much as a busy minute takes, or a part of a large file. */
const spareBytes = 16 * 2 ** 20
const spareShare = 8
/** Moved in one step, so that waiting writes are not held up. */
const stepBytes = 2 * 2 ** 20

/** Shortens the file a step where more than the spare pages are free. Returns whether more is to do. */
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
