// The SQLite file: an append-only log of sealed revisions and the wrapped keys that open them. Used by the writer thread alone.
import type { KeyObject } from 'node:crypto'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { DataKeys } from './data-keys.ts'
import { forEachPacked, keyWidth, type PackedRecords, RecordPacker } from './record.ts'
import { RecordDamaged, sealRecord } from './seal.ts'

/** "BULK". Tells a store from another program's database. */
const applicationId = 0x42554c4b
const formatVersion = 1

const schema = `
  CREATE TABLE log (revision INTEGER PRIMARY KEY, previous INTEGER NOT NULL, deleted INTEGER NOT NULL, data_key INTEGER NOT NULL, sealed BLOB NOT NULL);
  CREATE TABLE data_keys (id INTEGER PRIMARY KEY AUTOINCREMENT, key_encryption_key TEXT NOT NULL, wrapped BLOB NOT NULL);
  CREATE TABLE compaction (floor INTEGER NOT NULL);
  INSERT INTO compaction VALUES (1);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
`

/** How much the loader hands over at a time. */
const loadChunkBytes = 512 * 1024
/** Rows looked at in one transaction of a compaction, so that waiting writes are not held up. */
const compactionStep = 1_000

export interface LogDatabaseOptions {
  readonly file: string
  /** A quota in bytes; a write beyond it fails as on a full disk. */
  readonly maxBytes?: number
}

type Row = readonly [revision: number, previous: number, deleted: number, dataKey: number, sealed: Uint8Array]

export class LogDatabase {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #keys = new DataKeys()
  #current: { readonly id: number; readonly key: KeyObject } | undefined
  #epoch = 0
  #revision = 1
  #floor = 1

  constructor({ file, maxBytes }: LogDatabaseOptions) {
    this.#db = new DatabaseSync(file)
    try {
      prepareFile(this.#db, file, maxBytes)
      this.#insert = this.#db.prepare('INSERT INTO log (revision, previous, deleted, data_key, sealed) VALUES (?, ?, ?, ?, ?)')
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
    this.#current = { id, key: this.#keys.add(id, key) }
  }

  /**
   * Hands over every record in revision order. Those of a chunk are sealed still where `leavesSealed` says so: opening is most of the work, and
   * whoever waits for the next chunk can do it as well. Throws `RecordDamaged`. Forgets keys that nothing is sealed with any more.
   */
  load(onChunk: (records: PackedRecords) => void, leavesSealed: () => boolean): void {
    const used = new Set<number>(this.#current === undefined ? [] : [this.#current.id])
    let chunk = new RecordPacker(loadChunkBytes)
    const handOver = () => {
      if (chunk.isEmpty) return
      const records = chunk.packed()
      if (!leavesSealed()) this.#keys.open(records)
      onChunk(records)
    }
    let expected = this.#floor
    const rows = this.#db.prepare('SELECT revision, previous, deleted, data_key, sealed FROM log ORDER BY revision')
    rows.setReturnArrays(true)
    for (const row of rows.iterate()) {
      // An array and not an object: the types do not know of `setReturnArrays`.
      const [revision, previous, deleted, dataKey, sealed] = row as unknown as Row
      if (revision > this.#floor && revision !== ++expected) {
        throw new RecordDamaged(`The stored record at revision ${expected} is missing. Restore the data directory from a backup`)
      }
      used.add(dataKey)
      if (!chunk.hasRoomFor(sealed)) {
        handOver()
        chunk = new RecordPacker(Math.max(loadChunkBytes, sealed.length))
      }
      chunk.add(revision, previous, deleted, dataKey, sealed)
      this.#revision = revision
    }
    handOver()
    this.#revision = Math.max(this.#revision, this.#floor)
    for (const { id } of this.wrappedKeys()) if (!used.has(id)) this.#db.prepare('DELETE FROM data_keys WHERE id = ?').run(id)
  }

  /** One transaction, one sync. Throws SQLite's error when nothing of it is stored. */
  append(records: PackedRecords): void {
    const current = this.#current
    if (current === undefined) throw new Error('No data key')
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      forEachPacked(records, (key, plain) => {
        const sealed = sealRecord(current.key, this.#epoch, key, plain)
        this.#insert.run(key.revision, key.previous, Number(key.deleted), current.id, sealed)
      })
      this.#db.exec('COMMIT')
    } catch (err) {
      this.#epoch++
      this.#rollBack()
      throw err
    }
    this.#revision = records.keys[records.keys.length - keyWidth] ?? this.#revision
  }

  /** Whether the log ends where it should: after a failure that is said to have changed nothing. */
  get intact(): boolean {
    const last = this.#db.prepare('SELECT max(revision) AS revision FROM log').get()?.['revision']
    return (last === null ? this.#floor : Math.max(numberOf(last), this.#floor)) === this.#revision
  }

  /** Moves the floor a step towards `target`: drops what was replaced or deleted at or below it. Returns whether more is to do. */
  compactStep(target: number): boolean {
    const floor = Math.min(target, this.#revision, this.#floor + compactionStep)
    if (floor <= this.#floor) return false
    const range = [this.#floor, floor]
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      this.#db.prepare('DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE revision > ? AND revision <= ?)').run(...range)
      this.#db.prepare('DELETE FROM log WHERE revision > ? AND revision <= ? AND deleted = 1').run(...range)
      this.#db.prepare('UPDATE compaction SET floor = ?').run(floor)
      this.#db.exec('COMMIT')
    } catch (err) {
      this.#rollBack()
      throw err
    }
    this.#floor = floor
    return floor < Math.min(target, this.#revision)
  }

  /** The last connection to close moves the write-ahead log into the file. */
  close(): void {
    this.#db.close()
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after some errors (full disk, I/O).
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
  }
}

function prepareFile(db: DatabaseSync, file: string, maxBytes: number | undefined): void {
  // Exclusive: a second process is refused, and the index of the write-ahead log needs no shared file.
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('PRAGMA wal_autocheckpoint = 2000; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192')
  if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(maxBytes / 8192))}`)
  const version = numberOf(db.prepare('PRAGMA user_version').get()?.['user_version'])
  const application = numberOf(db.prepare('PRAGMA application_id').get()?.['application_id'])
  const tables = numberOf(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'])
  if (tables === 0) db.exec(`BEGIN; ${schema} COMMIT`)
  else if (application !== applicationId) throw new Error(`"${file}" is the database of another program`)
  else if (version !== formatVersion) {
    const what = `"${file}" has store format ${version}, and this version of Bulkhead reads format ${formatVersion}`
    throw new Error(`${what}. Start it with the version of Bulkhead that wrote it`)
  }
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`Expected a number from SQLite, got ${typeof value}`)
  return value
}

function bufferView(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError(`Expected a blob from SQLite, got ${typeof value}`)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
