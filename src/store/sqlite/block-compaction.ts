// Drops replaced and deleted records from blocks. A block is rewritten once half of its records or bytes are obsolete; until then a mark is
// enough.
import type { DatabaseSync } from 'node:sqlite'
import { placesOf, type RecordPlace, recordPlaces } from '../records/record.ts'
import { RecordDamaged, type SealedBlock } from '../records/seal.ts'

export interface BlockRow extends SealedBlock {
  readonly dataKey: number
}

/**
 * The revision at which a step from `floor` ends: at most `target`, and after fewer blocks if they are large. A step covers at least one
 * block.
 */
export function endOfStep(db: DatabaseSync, floor: number, target: number, maxBytes: number): number {
  const rows = db.prepare('SELECT first, length(sealed) AS bytes FROM blocks WHERE first > ? AND first <= ? ORDER BY first')
  let bytes = 0
  for (const row of rows.iterate(floor + 1, target)) {
    bytes += Number(row['bytes'])
    if (bytes > maxBytes) return Number(row['first']) - 1
  }
  return target
}

/** The revisions that those above `floor` and up to `next` make obsolete: the ones they replaced, and deletions themselves. */
export function replacedBetween(db: DatabaseSync, floor: number, next: number): number[] {
  const begins = db.prepare('SELECT max(first) AS first FROM blocks WHERE first <= ?').get(floor + 1)?.['first'] ?? 0
  const replaced: number[] = []
  for (const { first, places } of db
    .prepare('SELECT first, places FROM blocks WHERE first >= ? AND first <= ? ORDER BY first')
    .all(begins, next)) {
    for (const { revision, previous, deleted } of placesIn(Number(first), places)) {
      if (revision <= floor || revision > next) continue
      if (previous !== 0) replaced.push(previous)
      if (deleted) replaced.push(revision)
    }
  }
  return replaced
}

/** Called for each change of the rows. */
export interface Compacted {
  marked(revision: number): void
  unmarked(revision: number): void
  removed(row: BlockRow): void
  /** Writes the rest of a removed block. */
  rewrite(row: BlockRow, isReplaced: (revision: number) => boolean): void
}

/** To be called within a transaction. */
export function dropReplaced(db: DatabaseSync, revisions: readonly number[], compacted: Compacted): void {
  const mark = db.prepare('INSERT OR IGNORE INTO replaced (revision) VALUES (?)')
  const blockOf = db.prepare('SELECT first, places FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1')
  const touched = new Map<number, RecordPlace[]>()
  for (const revision of revisions) {
    const block = blockOf.get(revision)
    if (block === undefined) continue
    const first = Number(block['first'])
    const held = touched.get(first) ?? placesIn(first, block['places'])
    touched.set(first, held)
    if (held.some(place => place.revision === revision) && mark.run(revision).changes > 0) compacted.marked(revision)
  }
  for (const [first, held] of touched) shrink(db, first, held, compacted)
}

function shrink(db: DatabaseSync, first: number, held: readonly RecordPlace[], compacted: Compacted): void {
  const last = held.at(-1)?.revision ?? first
  const rows = db.prepare('SELECT revision FROM replaced WHERE revision BETWEEN ? AND ?').all(first, last)
  const gone = new Set(rows.map(({ revision }) => Number(revision)))
  if (gone.size * 2 < held.length && bytesOf(held.filter(({ revision }) => gone.has(revision))) * 2 < bytesOf(held)) return
  const row = db.prepare('SELECT places, data_key, link, sealed FROM blocks WHERE first = ?').get(first)
  if (row === undefined) return
  db.prepare('DELETE FROM blocks WHERE first = ?').run(first)
  db.prepare('DELETE FROM replaced WHERE revision BETWEEN ? AND ?').run(first, last)
  for (const revision of gone) compacted.unmarked(revision)
  const { places, data_key: dataKey, link, sealed } = row as unknown as Omit<BlockRow, 'first' | 'dataKey'> & { data_key: number }
  const removed = { first, places, dataKey, link, sealed }
  compacted.removed(removed)
  if (gone.size < held.length) compacted.rewrite(removed, revision => gone.has(revision))
}

function bytesOf(places: readonly RecordPlace[]): number {
  return places.reduce((sum, { length }) => sum + length, 0)
}

function placesIn(first: number, places: unknown): RecordPlace[] {
  const keys = places instanceof Uint8Array ? placesOf(places) : undefined
  if (keys === undefined) throw new RecordDamaged(`The stored block at revision ${first} was changed after it was written`)
  return [...recordPlaces(keys)]
}
