// The SQLite file: an append-only log of sealed blocks of revisions, and the wrapped keys that open them. Used by the writer thread alone.
import type { KeyObject } from 'node:crypto'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { dropReplaced, endOfStep, replacedBetween } from './block-compaction.ts'
import { DataKeys } from './data-keys.ts'
import { upgradeFromFormat1 } from './format-1.ts'
import { giveBackPages, hasPagesToGiveBack } from './free-pages.ts'
import { joinPacked, lastRevision, type PackedRecords, placesOf, recordPlaces, splitPacked } from './record.ts'
import { openBlock, RecordDamaged, sealBlock } from './seal.ts'

/** "BULK". Tells a store from another program's database. */
const applicationId = 0x42554c4b
const formatVersion = 2

/** `replaced` holds revisions at or below the floor whose records a block still has. */
const tables = `
  CREATE TABLE blocks (first INTEGER PRIMARY KEY, places BLOB NOT NULL, data_key INTEGER NOT NULL, sealed BLOB NOT NULL);
  CREATE TABLE replaced (revision INTEGER PRIMARY KEY);
  PRAGMA user_version = ${formatVersion};
`
const schema = `
  ${tables}
  CREATE TABLE data_keys (id INTEGER PRIMARY KEY AUTOINCREMENT, key_encryption_key TEXT NOT NULL, wrapped BLOB NOT NULL);
  CREATE TABLE compaction (floor INTEGER NOT NULL);
  INSERT INTO compaction VALUES (1);
  PRAGMA application_id = ${applicationId};
`

/** A group of writes is one block, unless it is larger. Also how much the loader hands over at a time. */
const blockBytes = 512 * 1024
/** Revisions, and bytes of their blocks, looked at in one transaction of a compaction, so that waiting writes are not held up. */
const compactionStep = 1_000
const compactionStepBytes = 8 * 2 ** 20

export interface LogDatabaseOptions {
  readonly file: string
  /** A quota in bytes; a write beyond it fails as on a full disk. */
  readonly maxBytes?: number
  /** It was made before: one without any table is refused instead of made. */
  readonly mustExist?: boolean
}

type Row = readonly [first: number, places: Uint8Array, dataKey: number, sealed: Uint8Array]

export class LogDatabase {
  readonly #db: DatabaseSync
  readonly #keys = new DataKeys()
  #insert: StatementSync | undefined
  #current: { readonly id: number; readonly key: KeyObject; seals: number } | undefined
  #format: number
  #revision = 1
  #floor = 1

  constructor(options: LogDatabaseOptions) {
    this.#db = new DatabaseSync(options.file)
    try {
      this.#format = prepareFile(this.#db, options)
      this.#floor = numberOf(this.#db.prepare('SELECT floor FROM compaction').get()?.['floor'])
    } catch (err) {
      this.#db.close()
      throw err
    }
  }

  /** Revisions up to this one are kept only where they are the newest of their object. */
  get floor(): number {
    return this.#floor
  }

  get revision(): number {
    return this.#revision
  }

  wrappedKeys(): { id: number; wrapped: Buffer }[] {
    const rows = this.#db.prepare('SELECT id, wrapped FROM data_keys').all()
    return rows.map(row => ({ id: numberOf(row['id']), wrapped: bufferView(row['wrapped']) }))
  }

  addKey(id: number, key: Buffer): void {
    this.#keys.add(id, key)
  }

  /** Makes a fresh key the one that seals from now on; its wrapped form is durable before the first record under it. */
  useKey(key: Buffer, wrapped: Buffer, keyEncryptionKey: string): void {
    const added = this.#db.prepare('INSERT INTO data_keys (key_encryption_key, wrapped) VALUES (?, ?)').run(keyEncryptionKey, wrapped)
    const id = Number(added.lastInsertRowid)
    this.#current = { id, key: this.#keys.add(id, key), seals: 0 }
  }

  /** Hands over every record in revision order. Throws `RecordDamaged`. Forgets keys that nothing is sealed with any more. */
  load(onChunk: (records: PackedRecords) => void): void {
    if (this.#format !== formatVersion) this.#upgrade()
    const used = new Set<number>(this.#current === undefined ? [] : [this.#current.id])
    const replaced = this.#replaced()
    const isReplaced = (revision: number) => replaced.has(revision)
    let chunk: PackedRecords[] = []
    let bytes = 0
    const handOver = () => {
      if (chunk.length > 0) onChunk(joinPacked(chunk, isReplaced))
      chunk = []
      bytes = 0
    }
    this.#revision = this.#floor
    let last = 0
    const rows = this.#db.prepare('SELECT first, places, data_key, sealed FROM blocks ORDER BY first')
    rows.setReturnArrays(true)
    for (const row of rows.iterate()) {
      // An array and not an object: the types do not know of `setReturnArrays`.
      const [first, places, dataKey, sealed] = row as unknown as Row
      const block = openBlock(this.#keys.get(dataKey, first), { first, places, sealed })
      used.add(dataKey)
      last = this.#continueWith(block, last)
      chunk.push(block)
      bytes += block.data.byteLength
      if (bytes >= blockBytes) handOver()
    }
    handOver()
    for (const { id } of this.wrappedKeys()) if (!used.has(id)) this.#db.prepare('DELETE FROM data_keys WHERE id = ?').run(id)
  }

  /** Revisions rise, and above the floor each is there. `last` is the newest of the blocks before; returns that of this one. */
  #continueWith({ keys }: PackedRecords, last: number): number {
    let before = last
    for (const { revision } of recordPlaces(keys)) {
      if (revision <= before) throw new RecordDamaged(`The stored record at revision ${revision} is there twice`)
      before = revision
      if (revision <= this.#floor) continue
      if (revision !== this.#revision + 1) throw new RecordDamaged(`The stored record at revision ${this.#revision + 1} is missing`)
      this.#revision = revision
    }
    return before
  }

  #replaced(): Set<number> {
    const revisions = this.#db
      .prepare('SELECT revision FROM replaced')
      .all()
      .map(({ revision }) => numberOf(revision))
    const young = revisions.find(revision => revision > this.#floor)
    if (young !== undefined) throw new RecordDamaged(`The stored record at revision ${young} was marked as replaced and cannot be yet`)
    return new Set(revisions)
  }

  #upgrade(): void {
    this.#transaction(() => {
      this.#db.exec(tables)
      upgradeFromFormat1(this.#db, this.#keys, blockBytes, block => this.#write(block))
    })
    this.#format = formatVersion
  }

  /** One transaction, one sync. Throws SQLite's error when nothing of it is stored. */
  append(records: PackedRecords): void {
    const blocks = [...splitPacked(records, blockBytes)]
    const [only] = blocks
    if (only !== undefined && blocks.length === 1) this.#write(only)
    else
      this.#transaction(() => {
        for (const block of blocks) this.#write(block)
      })
    this.#revision = lastRevision(records.keys)
  }

  #write(block: PackedRecords): void {
    const current = this.#current
    if (current === undefined) throw new Error('No data key')
    const { first, places, sealed } = sealBlock(current.key, current.seals++, block)
    this.#insert ??= this.#db.prepare('INSERT INTO blocks (first, places, data_key, sealed) VALUES (?, ?, ?, ?)')
    this.#insert.run(first, places, current.id, sealed)
  }

  /** Whether the log ends where it should: after a failure that is said to have changed nothing. */
  get intact(): boolean {
    const row = this.#db.prepare('SELECT places FROM blocks ORDER BY first DESC LIMIT 1').get()
    const keys = row && placesOf(bufferView(row['places']))
    return Math.max(this.#floor, keys === undefined ? 0 : lastRevision(keys)) === this.#revision
  }

  /** Moves the floor a step towards `target`: drops what was replaced or deleted at or below it, then shortens the file. Returns whether more is to do. */
  compactStep(target: number): boolean {
    const most = Math.min(target, this.#revision, this.#floor + compactionStep)
    if (most <= this.#floor) return giveBackPages(this.#db)
    const floor = endOfStep(this.#db, this.#floor, most, compactionStepBytes)
    this.#transaction(() => {
      dropReplaced(this.#db, replacedBetween(this.#db, this.#floor, floor), (row, isReplaced) => {
        const kept = joinPacked([openBlock(this.#keys.get(row.dataKey, row.first), row)], isReplaced)
        this.#write(kept)
      })
      this.#db.prepare('UPDATE compaction SET floor = ?').run(floor)
    })
    this.#floor = floor
    return floor < Math.min(target, this.#revision) || hasPagesToGiveBack(this.#db)
  }

  /** The last connection to close moves the write-ahead log into the file. */
  close(): void {
    this.#db.close()
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (err) {
      // SQLite has rolled back by itself after some errors (full disk, I/O).
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw err
    }
  }
}

/** Returns the format of the file. */
function prepareFile(db: DatabaseSync, { file, maxBytes, mustExist = false }: LogDatabaseOptions): number {
  // Before anything is in the file: only then SQLite keeps track of what it needs to give pages back.
  db.exec('PRAGMA auto_vacuum = INCREMENTAL')
  // Exclusive: a second process is refused, and the index of the write-ahead log needs no shared file.
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  // Writes wait while the write-ahead log is copied back: little and often, 2 MB at a time, holds up no stream of them by more than a few ms.
  // What one large group has made of the write-ahead log is cut when it begins anew.
  db.exec(
    'PRAGMA wal_autocheckpoint = 250; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192',
  )
  if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(maxBytes / 8192))}`)
  const version = numberOf(db.prepare('PRAGMA user_version').get()?.['user_version'])
  const application = numberOf(db.prepare('PRAGMA application_id').get()?.['application_id'])
  const count = numberOf(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'])
  if (count === 0 && mustExist)
    throw new Error(`"${file}" is empty, and it was not before. Restore the data directory from a backup, or begin with an empty one`)
  if (count === 0) {
    db.exec(`BEGIN; ${schema} COMMIT`)
    return formatVersion
  }
  if (application !== applicationId) throw new Error(`"${file}" is the database of another program`)
  if (version !== formatVersion && version !== 1) {
    const what = `"${file}" has store format ${version}, and this version of Bulkhead reads formats up to ${formatVersion}`
    throw new Error(`${what}. Start it with the version of Bulkhead that wrote it`)
  }
  return version
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`Expected a number from SQLite, got ${typeof value}`)
  return value
}

function bufferView(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError(`Expected a blob from SQLite, got ${typeof value}`)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
