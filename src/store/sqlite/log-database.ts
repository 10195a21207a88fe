// The SQLite file: an append-only log of sealed blocks of revisions, and the wrapped keys that open them. Used only by the writer thread.
import type { KeyObject } from 'node:crypto'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { writeJson } from '../../base/write-json.ts'
import { joinPacked, lastRevision, type PackedRecords, placesOf, recordPlaces, splitPacked } from '../records/record.ts'
import { openBlock, openSealed, RecordDamaged, seal, sealBlock } from '../records/seal.ts'
import { type ExpectedLog, HeadSearch, RestoredStore, restoredGap, type StoreHead } from '../records/store-head.ts'
import { dropReplaced, endOfStep, replacedBetween } from './block-compaction.ts'
import { DataKeys } from './data-keys.ts'
import { upgradeFromFormat1 } from './format-1.ts'
import { giveBackPages, hasPagesToGiveBack } from './free-pages.ts'
import { baseText, type LogBase, LogChain, parseBase } from './log-chain.ts'

/** "BULK". Distinguishes a store from the database of another program. */
const applicationId = 0x42554c4b
const formatVersion = 3

/** One sealed row with a `LogBase`. */
const baseTable = `
  CREATE TABLE base (id INTEGER PRIMARY KEY, data_key INTEGER NOT NULL, sealed BLOB NOT NULL);
  PRAGMA user_version = ${formatVersion};
`
/** `replaced` holds revisions at or below the floor whose records are still in a block. */
const tables = `
  CREATE TABLE blocks (first INTEGER PRIMARY KEY, places BLOB NOT NULL, data_key INTEGER NOT NULL, link BLOB NOT NULL, sealed BLOB NOT NULL);
  CREATE TABLE replaced (revision INTEGER PRIMARY KEY);
  ${baseTable}
`
const schema = `
  ${tables}
  CREATE TABLE data_keys (id INTEGER PRIMARY KEY AUTOINCREMENT, key_encryption_key TEXT NOT NULL, wrapped BLOB NOT NULL);
  CREATE TABLE compaction (floor INTEGER NOT NULL);
  INSERT INTO compaction VALUES (1);
  PRAGMA application_id = ${applicationId};
`

/** A group of writes is one block, unless it is larger. Also the size of the loader's pieces. */
const blockBytes = 512 * 1024
/** Revisions, and bytes of their blocks, in one transaction of a compaction, so that waiting writes are not delayed. */
const compactionStep = 1_000
const compactionStepBytes = 8 * 2 ** 20

export interface LogDatabaseOptions {
  readonly file: string
  /** A quota in bytes; a write beyond it fails like on a full disk. */
  readonly maxBytes?: number
  /** The file must exist: one without tables is refused instead of initialized. */
  readonly mustExist?: boolean
}

type Row = readonly [first: number, places: Uint8Array, dataKey: number, link: Uint8Array, sealed: Uint8Array]

const basePlace = Buffer.from('bulkhead/log-base/v1')

export class LogDatabase {
  readonly #db: DatabaseSync
  readonly #keys = new DataKeys()
  #insert: StatementSync | undefined
  #current: { readonly id: number; readonly key: KeyObject; seals: number } | undefined
  #format: number
  #revision = 1
  #floor = 1
  #chain = new LogChain()

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

  /** Revisions up to this one are kept only if they are the newest of their object. */
  get floor(): number {
    return this.#floor
  }

  get revision(): number {
    return this.#revision
  }

  /** The head by which this log can be recognized later. */
  get head(): StoreHead {
    return { revision: this.#revision, digest: this.#chain.link }
  }

  wrappedKeys(): { id: number; wrapped: Buffer }[] {
    const rows = this.#db.prepare('SELECT id, wrapped FROM data_keys').all()
    return rows.map(row => ({ id: numberOf(row['id']), wrapped: bufferView(row['wrapped']) }))
  }

  addKey(id: number, key: Buffer): void {
    this.#keys.add(id, key)
  }

  /** Makes a new key the sealing one; its wrapped form is durable before the first record under it. */
  useKey(key: Buffer, wrapped: Buffer, keyEncryptionKey: string): void {
    const added = this.#db.prepare('INSERT INTO data_keys (key_encryption_key, wrapped) VALUES (?, ?)').run(keyEncryptionKey, wrapped)
    const id = Number(added.lastInsertRowid)
    this.#current = { id, key: this.#keys.add(id, key), seals: 0 }
  }

  /**
   * Passes on all records in revision order. Throws `RecordDamaged`, and `RestoredStore` for a log without the expected head. Removes
   * unused keys. Returns whether the log was accepted although it lacks the head.
   */
  load(onChunk: (records: PackedRecords) => void, { head, accept }: ExpectedLog = { head: undefined, accept: false }): boolean {
    if (this.#format !== formatVersion) {
      if (head !== undefined && !accept)
        throw new RestoredStore('The store has an older format than when its head was last reported to the signer')
      this.#upgrade()
    }
    const base = this.#readBase()
    const search = new HeadSearch(head)
    search.sealedAt(base.last, base.state.link)
    this.#chain = new LogChain({ ...base.state, blocks: 0n, marks: 0n })
    const used = new Set<number>(this.#current === undefined ? [] : [this.#current.id])
    const replaced = this.#replaced()
    for (const revision of replaced) this.#chain.addMark(revision)
    if (this.#chain.state.marks !== base.state.marks) throw new RecordDamaged('The marks of replaced records were changed')
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
    let baseIsWhole = false
    const checkBase = () => {
      if (this.#chain.state.blocks !== base.state.blocks)
        throw new RecordDamaged(`Stored blocks up to revision ${base.last} are missing or were changed`)
      baseIsWhole = true
    }
    const rows = this.#db.prepare('SELECT first, places, data_key, link, sealed FROM blocks ORDER BY first')
    rows.setReturnArrays(true)
    for (const row of rows.iterate()) {
      // An array instead of an object: the types lack `setReturnArrays`.
      const [first, places, dataKey, link, sealed] = row as unknown as Row
      const block = openBlock(this.#keys.get(dataKey, first), { first, places, link, sealed })
      used.add(dataKey)
      last = this.#continueWith(block, last)
      const isNew = first > base.last
      if (isNew && !baseIsWhole) checkBase()
      if (isNew && !this.#chain.link.equals(link))
        throw new RecordDamaged(`The stored block before revision ${first} is not the one that was written there`)
      this.#chain.addBlock(first, sealed)
      if (isNew) {
        this.#chain.follow(sealed)
        search.reached(last, this.#chain.link)
      }
      chunk.push(block)
      bytes += block.data.byteLength
      if (bytes >= blockBytes) handOver()
    }
    if (!baseIsWhole) checkBase()
    handOver()
    const problem = search.problem(this.#revision)
    if (problem !== undefined && !accept) throw problem
    if (problem !== undefined) this.#raise(Math.max(this.#revision, head?.revision ?? 0) + restoredGap)
    this.#writeBase()
    for (const { id } of this.wrappedKeys()) if (!used.has(id)) this.#db.prepare('DELETE FROM data_keys WHERE id = ?').run(id)
    return problem !== undefined
  }

  /** Writes after this state that are lost may have been seen: their revisions never come again, and no watch resumes across them. */
  #raise(revision: number): void {
    while (this.#floor < this.#revision) this.compactStep(this.#revision)
    this.#transaction(() => {
      this.#floor = revision
      this.#revision = revision
      this.#db.prepare('UPDATE compaction SET floor = ?').run(revision)
      this.#writeBase()
    })
  }

  /** Fills a new log with objects of any revisions up to `revision`, at which it continues; each piece is one block or several. */
  fill(pieces: Iterable<PackedRecords>, revision: number): void {
    this.#transaction(() => {
      for (const piece of pieces) for (const block of splitPacked(piece, blockBytes)) this.#write(block)
      this.#floor = revision
      this.#revision = revision
      this.#db.prepare('UPDATE compaction SET floor = ?').run(revision)
      this.#writeBase()
    })
  }

  /** A log that was never written has none. */
  #readBase(): LogBase {
    const row = this.#db.prepare('SELECT data_key, sealed FROM base').get()
    const isNew = this.#floor === 1 && this.#db.prepare('SELECT 1 FROM blocks LIMIT 1').get() === undefined
    if (row === undefined && isNew) return { floor: 1, last: 1, state: new LogChain().state }
    const key = row && this.#keys.get(numberOf(row['data_key']), this.#floor)
    const text = key && openSealed(key, basePlace, bufferView(row['sealed']))
    const base = text && parseBase(text)
    if (base?.floor !== this.#floor) throw new RecordDamaged('The sealed summary of the store is missing or was changed')
    return base
  }

  /** Covers everything up to now, so that it describes what a start finds. */
  #writeBase(): void {
    const { id, key, seals } = this.#nextSeal()
    const text = baseText({ floor: this.#floor, last: this.#revision, state: this.#chain.state })
    const sealed = seal(key, seals, basePlace, text)
    this.#db.prepare('INSERT OR REPLACE INTO base (id, data_key, sealed) VALUES (1, ?, ?)').run(id, sealed)
  }

  #nextSeal(): { readonly id: number; readonly key: KeyObject; readonly seals: number } {
    const current = this.#current
    if (current === undefined) throw new Error('No data key')
    return { id: current.id, key: current.key, seals: current.seals++ }
  }

  /** Revisions are ascending, and above the floor none is missing. `last` is the newest of the blocks before; returns that of this one. */
  #continueWith({ keys }: PackedRecords, last: number): number {
    let before = last
    for (const { revision } of recordPlaces(keys)) {
      if (revision <= before) throw new RecordDamaged(`The stored record at revision ${revision} exists twice`)
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
    if (young !== undefined)
      throw new RecordDamaged(`The stored record at revision ${young} was marked as replaced, but is too new for that`)
    return new Set(revisions)
  }

  #upgrade(): void {
    this.#transaction(() => {
      if (this.#format === 1) {
        this.#db.exec(tables)
        upgradeFromFormat1(this.#db, this.#keys, blockBytes, block => this.#write(block))
      } else {
        // Their seals have no link, so only the base covers them.
        this.#db.exec(`ALTER TABLE blocks ADD COLUMN link BLOB NOT NULL DEFAULT x''; ${baseTable}`)
        for (const row of this.#db.prepare('SELECT first, sealed FROM blocks').iterate())
          this.#chain.addBlock(numberOf(row['first']), bufferView(row['sealed']))
      }
      for (const revision of this.#replaced()) this.#chain.addMark(revision)
      this.#revision = Math.max(this.#floor, this.#lastStored())
      this.#writeBase()
    })
    this.#format = formatVersion
  }

  /** One transaction, one sync. Throws SQLite's error if nothing of it is stored. */
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
    const sealed = this.#insertBlock(block, this.#chain.link)
    this.#chain.follow(sealed)
  }

  /** Returns the sealed bytes. */
  #insertBlock(block: PackedRecords, link: Uint8Array): Uint8Array {
    const { id, key, seals } = this.#nextSeal()
    const { first, places, sealed } = sealBlock(key, seals, block, link)
    this.#insert ??= this.#db.prepare('INSERT INTO blocks (first, places, data_key, link, sealed) VALUES (?, ?, ?, ?, ?)')
    this.#insert.run(first, places, id, link, sealed)
    this.#chain.addBlock(first, sealed)
    return sealed
  }

  /** Whether the log ends where it should, after a failure that should have changed nothing. */
  get intact(): boolean {
    return Math.max(this.#floor, this.#lastStored()) === this.#revision
  }

  #lastStored(): number {
    const row = this.#db.prepare('SELECT places FROM blocks ORDER BY first DESC LIMIT 1').get()
    const keys = row && placesOf(bufferView(row['places']))
    return keys === undefined ? 0 : lastRevision(keys)
  }

  /**
   * Moves the floor one step towards `target`: drops what was replaced or deleted at or below it, then shortens the file. Returns whether
   * there is more to do.
   */
  compactStep(target: number): boolean {
    const most = Math.min(target, this.#revision, this.#floor + compactionStep)
    if (most <= this.#floor) return giveBackPages(this.#db)
    const floor = endOfStep(this.#db, this.#floor, most, compactionStepBytes)
    const before = this.#floor
    this.#transaction(() => {
      dropReplaced(this.#db, replacedBetween(this.#db, before, floor), {
        marked: revision => this.#chain.addMark(revision),
        unmarked: revision => this.#chain.removeMark(revision),
        removed: ({ first, sealed }) => this.#chain.removeBlock(first, sealed),
        rewrite: (row, isReplaced) => {
          const kept = joinPacked([openBlock(this.#keys.get(row.dataKey, row.first), row)], isReplaced)
          this.#insertBlock(kept, row.link)
        },
      })
      this.#floor = floor
      this.#db.prepare('UPDATE compaction SET floor = ?').run(floor)
      this.#writeBase()
    })
    return floor < Math.min(target, this.#revision) || hasPagesToGiveBack(this.#db)
  }

  /** The last connection to close moves the write-ahead log into the file. */
  close(): void {
    this.#db.close()
  }

  /** The known state of the log is rolled back with the file. */
  #transaction(work: () => void): void {
    const [chain, floor, revision] = [this.#chain.state, this.#floor, this.#revision]
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (err) {
      this.#chain = new LogChain(chain)
      this.#floor = floor
      this.#revision = revision
      // After some errors (full disk, I/O) SQLite has already rolled back.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw err
    }
  }
}

/** Returns the format of the file. */
function prepareFile(db: DatabaseSync, { file, maxBytes, mustExist = false }: LogDatabaseOptions): number {
  // Must come first: SQLite tracks what it needs for returning pages only from an empty file on.
  db.exec('PRAGMA auto_vacuum = INCREMENTAL')
  // Exclusive: a second process is refused, and the index of the write-ahead log needs no shared file.
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  // Writes wait while the write-ahead log is copied back: often and 2 MB at a time delays a stream of writes by only a few ms. A
  // write-ahead log that one large group made is cut when it restarts.
  db.exec(
    'PRAGMA wal_autocheckpoint = 250; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192',
  )
  if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(maxBytes / 8192))}`)
  const version = numberOf(db.prepare('PRAGMA user_version').get()?.['user_version'])
  const application = numberOf(db.prepare('PRAGMA application_id').get()?.['application_id'])
  const count = numberOf(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'])
  if (count === 0 && mustExist)
    throw new Error(
      `"${file}" is empty, but it was not before. Restore the data directory from a backup, or start with an empty data directory`,
    )
  if (count === 0) {
    db.exec(`BEGIN; ${schema} COMMIT`)
    return formatVersion
  }
  if (application !== applicationId) throw new Error(`"${file}" is the database of another program`)
  // A trigger could drop what is written, and only the next start would notice.
  const foreign = db.prepare("SELECT type, name FROM sqlite_schema WHERE type NOT IN ('table', 'index') LIMIT 1").get()
  if (foreign !== undefined)
    throw new RecordDamaged(`"${file}" has a ${foreign['type']} ${writeJson(foreign['name'])} that does not belong to the store`)
  if (version !== formatVersion && version !== 2 && version !== 1) {
    const what = `"${file}" has store format ${version}, but this version of Bulkhead reads only formats up to ${formatVersion}`
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
