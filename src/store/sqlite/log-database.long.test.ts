import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { forEachRecord, type PlainRecord, pack } from '../records/record.ts'
import { RecordDamaged } from '../records/seal.ts'
import { LogDatabase } from './log-database.ts'

const directory = mkdtempSync(join(tmpdir(), 'bulkhead-log-'))
after(() => rmSync(directory, { recursive: true }))
const key = randomBytes(32)

const recordOf = (revision: number, change: Partial<PlainRecord> = {}): PlainRecord => ({
  ...{ revision, previous: 0, deleted: false },
  header: {
    groupResource: 'pods',
    namespace: 'ns',
    name: `p${revision}`,
    at: 1,
    fieldsVersion: 0,
    labels: undefined,
    extraFields: undefined,
  },
  bytes: Buffer.alloc(100, revision),
  ...change,
})
const recordsOf = (from: number, to: number, change: Partial<PlainRecord> = {}) =>
  Array.from({ length: to - from + 1 }, (_, i) => recordOf(from + i, change))

/** With the keys in the file, and a new one that seals. */
function opened(file: string): LogDatabase {
  const database = new LogDatabase({ file })
  for (const { id } of database.wrappedKeys()) database.addKey(id, key)
  database.useKey(key, Buffer.from('wrapped'), 'kek')
  return database
}

function load(database: LogDatabase): { read: PlainRecord[]; chunks: number } {
  const read: PlainRecord[] = []
  let chunks = 0
  database.load(records => {
    chunks++
    forEachRecord(records, record => read.push(record))
  })
  return { read, chunks }
}

function loaded(file: string): { read: PlainRecord[]; chunks: number; revision: number } {
  const database = opened(file)
  try {
    return { ...load(database), revision: database.revision }
  } finally {
    database.close()
  }
}

const revisions = (records: readonly PlainRecord[]) => records.map(({ revision }) => revision)

function change(file: string, sql: string): unknown {
  const database = new DatabaseSync(file)
  try {
    return sql.startsWith('SELECT') ? Object.values(database.prepare(sql).get() ?? {})[0] : database.exec(sql)
  } finally {
    database.close()
  }
}

test('LogDatabase loads groups of any size, in order and in pieces', () => {
  const file = join(directory, 'groups')
  const large = recordsOf(302, 306).map((record, i) => ({ ...record, bytes: Buffer.alloc(i % 2 === 0 ? 1_500_000 : 10, i) }))
  const all = [...recordsOf(2, 2), ...recordsOf(3, 301, { bytes: Buffer.alloc(10_000) }), ...large]
  const database = opened(file)
  load(database)
  database.append(pack(all.slice(0, 1)))
  database.append(pack(all.slice(1, 300)))
  database.append(pack(all.slice(300)))
  database.close()
  // Small groups are one block each, larger ones several.
  assert.ok(Number(change(file, 'SELECT count(*) FROM blocks')) > 8)
  const { read, chunks, revision } = loaded(file)
  assert.deepEqual(read, all)
  assert.equal(revision, 306)
  assert.ok(chunks > 5)
})

test('compaction drops replaced and deleted records, and rewrites a block when half of it is obsolete', () => {
  const file = join(directory, 'compaction')
  const database = opened(file)
  load(database)
  database.append(pack(recordsOf(2, 11)))
  database.append(pack([2, 3, 4, 5].map((previous, i) => recordOf(12 + i, { previous }))))
  database.append(pack([recordOf(16, { previous: 6 })]))
  database.append(pack([recordOf(17, { previous: 7, deleted: true })]))
  // The floor is in the middle of a block, whose later records stay.
  assert.equal(database.compactStep(13), false)
  assert.equal(database.floor, 13)
  database.close()
  assert.equal(change(file, 'SELECT group_concat(revision) FROM replaced'), '2,3')
  assert.deepEqual(revisions(loaded(file).read), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])

  const again = opened(file)
  load(again)
  again.compactStep(16)
  again.close()
  // Half of the first block: it is rewritten with the key of this run.
  assert.equal(change(file, 'SELECT count(*) FROM replaced'), 0)
  assert.equal(change(file, 'SELECT min(first) FROM blocks'), 7)
  assert.deepEqual(revisions(loaded(file).read), [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])

  const last = opened(file)
  load(last)
  last.compactStep(100)
  assert.equal(last.floor, 17)
  assert.ok(last.intact)
  last.append(pack([recordOf(18, { previous: 8 })]))
  last.close()
  const { read, revision } = loaded(file)
  assert.deepEqual(revisions(read), [8, 9, 10, 11, 12, 13, 14, 15, 16, 18])
  assert.equal(revision, 18)
})

test('a block is rewritten when half of its bytes are obsolete, however few records they are', () => {
  const file = join(directory, 'bytes')
  const database = opened(file)
  load(database)
  database.append(pack([...recordsOf(2, 4), recordOf(5, { bytes: Buffer.alloc(100_000) })]))
  database.append(pack([recordOf(6, { previous: 5 })]))
  database.compactStep(6)
  database.close()
  assert.equal(change(file, 'SELECT count(*) FROM replaced'), 0)
  assert.ok(Number(change(file, 'SELECT sum(length(sealed)) FROM blocks')) < 2000)
  assert.deepEqual(revisions(loaded(file).read), [2, 3, 4, 6])
})

test('compaction handles few large blocks at a time, and returns their space to the file system', () => {
  const file = join(directory, 'space')
  const database = opened(file)
  load(database)
  const large = Buffer.alloc(1_000_000)
  for (let revision = 2; revision <= 101; revision++)
    database.append(pack([recordOf(revision, { previous: revision === 2 ? 0 : revision - 1, bytes: large })]))
  assert.equal(database.compactStep(101), true)
  assert.ok(database.floor < 15, `the floor is ${database.floor}`)
  let steps = 1
  while (database.compactStep(101)) steps++
  assert.equal(database.floor, 101)
  assert.ok(steps > 12)
  database.close()
  assert.ok(statSync(file).size < 24_000_000, `the file has ${statSync(file).size} bytes`)
  assert.deepEqual(revisions(loaded(file).read), [101])
})

test('compaction does one limited step at a time', () => {
  const database = opened(join(directory, 'steps'))
  load(database)
  database.append(pack(recordsOf(2, 2500)))
  assert.equal(database.compactStep(2400), true)
  assert.equal(database.compactStep(2400), true)
  assert.equal(database.compactStep(2400), false)
  assert.equal(database.floor, 2400)
  database.close()
})

test('a block from before its compaction is refused next to its rewritten form', () => {
  const file = join(directory, 'played-back')
  const database = opened(file)
  load(database)
  database.append(pack(recordsOf(2, 5)))
  database.append(pack([2, 3, 4].map((previous, i) => recordOf(6 + i, { previous }))))
  database.close()
  change(file, 'CREATE TABLE kept AS SELECT * FROM blocks WHERE first = 2')
  const again = opened(file)
  load(again)
  again.compactStep(8)
  again.close()
  assert.deepEqual(revisions(loaded(file).read), [5, 6, 7, 8])
  change(file, "INSERT INTO blocks SELECT * FROM kept; INSERT OR IGNORE INTO data_keys SELECT data_key, 'kek', x'00' FROM kept")
  assert.throws(() => loaded(file), /^RecordDamaged: The stored record at revision 5 exists twice/)
})

test('a record that is not at or below the floor cannot be marked as replaced', () => {
  const file = join(directory, 'marked')
  const database = opened(file)
  load(database)
  database.append(pack(recordsOf(2, 9)))
  database.compactStep(5)
  database.close()
  change(file, 'INSERT INTO replaced VALUES (7)')
  assert.throws(() => loaded(file), /^RecordDamaged: The stored record at revision 7 was marked as replaced, but is too new for that/)
})

/** In format 1. */
function writeFormat1(file: string, records: readonly PlainRecord[], floor: number): void {
  const database = new DatabaseSync(file)
  database.exec(`
    CREATE TABLE log (revision INTEGER PRIMARY KEY, previous INTEGER NOT NULL, deleted INTEGER NOT NULL, data_key INTEGER NOT NULL, sealed BLOB NOT NULL);
    CREATE TABLE data_keys (id INTEGER PRIMARY KEY AUTOINCREMENT, key_encryption_key TEXT NOT NULL, wrapped BLOB NOT NULL);
    CREATE TABLE compaction (floor INTEGER NOT NULL);
    INSERT INTO compaction VALUES (${floor});
    INSERT INTO data_keys VALUES (1, 'kek', x'00');
    PRAGMA application_id = ${0x42554c4b};
    PRAGMA user_version = 1;
  `)
  database.exec('BEGIN')
  const insert = database.prepare('INSERT INTO log VALUES (?, ?, ?, 1, ?)')
  for (const record of records) {
    const { revision, previous, deleted } = record
    const place = Buffer.alloc(17)
    place.writeBigUInt64LE(BigInt(revision), 0)
    place.writeBigUInt64LE(BigInt(previous), 8)
    place.writeUInt8(Number(deleted), 16)
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(place)
    const text = Buffer.concat([cipher.update(Buffer.from(pack([record]).data)), cipher.final()])
    insert.run(revision, previous, Number(deleted), Buffer.concat([nonce, text, cipher.getAuthTag()]))
  }
  database.exec('COMMIT')
  database.close()
}

test('a log of format 1 is rewritten when it is first loaded, and a damaged one is refused before any change', () => {
  const file = join(directory, 'format-1')
  const old = [recordOf(3), ...recordsOf(6, 900, { bytes: Buffer.alloc(2_000, 7) }), recordOf(901, { previous: 6, deleted: true })]
  writeFormat1(file, old, 5)
  const tampered = join(directory, 'format-1-tampered')
  writeFormat1(tampered, old, 5)
  change(tampered, 'UPDATE log SET previous = 7 WHERE revision = 901')
  assert.throws(() => loaded(tampered), RecordDamaged)
  assert.equal(change(tampered, 'SELECT count(*) FROM log'), old.length)
  assert.equal(change(tampered, 'SELECT user_version FROM pragma_user_version'), 1)

  const { read, revision } = loaded(file)
  assert.deepEqual(read, old)
  assert.equal(revision, 901)
  assert.equal(change(file, "SELECT count(*) FROM sqlite_schema WHERE name = 'log'"), 0)
  // A later run reads it like any other.
  const again = opened(file)
  assert.deepEqual(load(again).read, old)
  again.append(pack([recordOf(902)]))
  again.close()
  assert.deepEqual(loaded(file).read, [...old, recordOf(902)])
})
