// Changes of the log's file are detected: each row is intact, and none is missing.
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { forEachRecord, type PlainRecord, pack } from '../records/record.ts'
import { sealBlock } from '../records/seal.ts'
import { type ExpectedLog, restoredGap, type StoreHead } from '../records/store-head.ts'
import { LogDatabase } from './log-database.ts'

const directory = mkdtempSync(join(tmpdir(), 'bulkhead-integrity-'))
after(() => rmSync(directory, { recursive: true }))
let files = 0
const newFile = () => join(directory, String(files++))
const key = randomBytes(32)

const recordOf = (revision: number, previous = 0): PlainRecord => ({
  ...{ revision, previous, deleted: false },
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
})

/** Loaded, and closed at the end of the block. */
function opened(file: string, expected?: ExpectedLog) {
  const database = new LogDatabase({ file })
  for (const { id } of database.wrappedKeys()) database.addKey(id, key)
  database.useKey(key, Buffer.from('wrapped'), 'kek')
  const read: number[] = []
  let restored = false
  try {
    restored = database.load(records => forEachRecord(records, ({ revision }) => read.push(revision)), expected)
  } catch (err) {
    database.close()
    throw err
  }
  return { database, read, restored, [Symbol.dispose]: () => database.close() }
}

function readOf(file: string): number[] {
  using log = opened(file)
  return log.read
}

/** One block per record; returns the head after each revision. */
function write(database: LogDatabase, from: number, to: number, previous = 0): StoreHead[] {
  const heads: StoreHead[] = []
  for (let revision = from; revision <= to; revision++) {
    database.append(pack([recordOf(revision, previous)]))
    heads[revision] = database.head
  }
  return heads
}

function change(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

const damaged = (file: string, message: RegExp) =>
  assert.throws(
    () => opened(file)[Symbol.dispose](),
    (err: unknown) => err instanceof Error && err.name === 'RecordDamaged' && message.test(err.message),
  )

/** Twenty objects, the first ten below the floor, of which 2 and 3 were replaced by 21 and 22. */
function compacted(): string {
  const file = newFile()
  using log = opened(file)
  log.database.append(pack([2, 3, 4, 5, 6].map(revision => recordOf(revision))))
  write(log.database, 7, 20)
  log.database.append(pack([recordOf(21, 2), recordOf(22, 3)]))
  while (log.database.compactStep(22));
  return file
}

const belowFloor: readonly { readonly name: string; readonly sql: string; readonly message: RegExp }[] = [
  { name: 'a removed block', sql: 'DELETE FROM blocks WHERE first = 9', message: /Stored blocks up to revision 22 are missing/ },
  {
    name: 'a removed newest block',
    sql: 'DELETE FROM blocks WHERE first = 21',
    message: /Stored blocks up to revision 22 are missing/,
  },
  { name: 'an object marked as replaced', sql: 'INSERT INTO replaced VALUES (9)', message: /The marks of replaced records were changed/ },
  { name: 'a removed mark', sql: 'DELETE FROM replaced WHERE revision = 2', message: /The marks of replaced records were changed/ },
  {
    name: 'a mark that replaces another',
    sql: 'UPDATE replaced SET revision = 4 WHERE revision = 2',
    message: /The marks of replaced records were changed/,
  },
]
for (const { name, sql, message } of belowFloor) {
  test(`LogDatabase refuses a compacted log with ${name}`, () => {
    const file = compacted()
    assert.deepEqual(readOf(file), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22])
    change(file, sql)
    damaged(file, message)
  })
}

test('LogDatabase refuses a block from before its compaction in place of its rewritten form', () => {
  const file = newFile()
  {
    using log = opened(file)
    log.database.append(pack([2, 3, 4, 5].map(revision => recordOf(revision))))
    write(log.database, 6, 6, 5)
  }
  change(file, 'CREATE TABLE kept AS SELECT * FROM blocks WHERE first = 2')
  {
    using log = opened(file)
    write(log.database, 7, 7, 4)
    write(log.database, 8, 8, 3)
    while (log.database.compactStep(8));
  }
  assert.deepEqual(readOf(file), [2, 6, 7, 8])
  change(
    file,
    "DELETE FROM blocks WHERE first = 2; INSERT INTO blocks SELECT * FROM kept; INSERT OR IGNORE INTO data_keys SELECT data_key, 'kek', x'00' FROM kept",
  )
  damaged(file, /Stored blocks up to revision 8 are missing or were changed/)
})

test('LogDatabase refuses a log without a block above the floor, and continues its chain across restarts', () => {
  const file = newFile()
  for (const [from, to] of [
    [2, 4],
    [5, 9],
    [10, 12],
  ] as const) {
    using log = opened(file)
    write(log.database, from, to)
  }
  const whole = newFile()
  copyFileSync(file, whole)
  // The floor is raised above it, so that no revision is missing.
  change(file, 'DELETE FROM blocks WHERE first = 11')
  damaged(file, /The stored record at revision 11 is missing/)
  using log = opened(whole)
  assert.deepEqual(log.read, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
})

test('LogDatabase refuses a block of another history with the same place and key', () => {
  const [file, other] = [newFile(), newFile()]
  {
    using log = opened(file)
    write(log.database, 2, 9)
  }
  copyFileSync(file, other)
  for (const [path, previous] of [
    [file, 2],
    [other, 3],
  ] as const) {
    using log = opened(path)
    write(log.database, 10, 12, previous)
  }
  const mixed = newFile()
  copyFileSync(file, mixed)
  change(
    mixed,
    `ATTACH '${other}' AS other; DELETE FROM blocks WHERE first = 10; INSERT INTO blocks SELECT * FROM other.blocks WHERE first = 10`,
  )
  damaged(mixed, /The stored block before revision 11 is not the one that was written there/)
  assert.equal(readOf(file).length, 11)
})

test('LogDatabase refuses a log that does not reach the kept head, or has a different one', () => {
  const file = newFile()
  const restored = (head: StoreHead, message: RegExp) =>
    assert.throws(
      () => opened(file, { head, accept: false })[Symbol.dispose](),
      (err: unknown) =>
        err instanceof Error &&
        err.name === 'RestoredStore' &&
        message.test(err.message) &&
        err.message.includes('--accept-restored-store'),
    )
  let heads: StoreHead[]
  {
    using log = opened(file)
    heads = write(log.database, 2, 9)
  }
  const old = newFile()
  copyFileSync(file, old)
  const headAt = (revision: number): StoreHead => heads[revision] ?? assert.fail('no head')
  // Any of its earlier heads is valid, because the kept one lags behind. The last start sealed all of them, as a compaction does.
  for (const revision of [2, 5, 9]) opened(file, { head: headAt(revision), accept: false })[Symbol.dispose]()
  restored({ revision: 9, digest: Buffer.alloc(32, 1) }, /Revision 9 differs from the one that the signer knows/)
  let newest: StoreHead
  {
    using log = opened(file)
    write(log.database, 10, 12)
    newest = log.database.head
  }
  opened(file, { head: newest, accept: false })[Symbol.dispose]()
  copyFileSync(old, file)
  restored(newest, /The stored state has revision 9, but the signer knows revision 12/)
  // The end is cut off, as by removing the write-ahead log.
  change(file, 'DELETE FROM blocks WHERE first = 9')
  restored(headAt(9), /The stored state has revision 8, but the signer knows revision 9/)
})

test('LogDatabase with accept raises its revision above all earlier ones, once', () => {
  const file = newFile()
  {
    using log = opened(file)
    write(log.database, 2, 9, 2)
  }
  const head = { revision: 500, digest: Buffer.alloc(32, 1) }
  let raised: StoreHead
  {
    using log = opened(file, { head, accept: true })
    assert.equal(log.restored, true)
    assert.equal(log.database.revision, 500 + restoredGap)
    assert.equal(log.database.floor, 500 + restoredGap)
  }
  {
    using log = opened(file, { head, accept: true })
    assert.equal(log.restored, false)
    assert.equal(log.database.revision, 500 + restoredGap)
    raised = log.database.head
    log.database.append(pack([recordOf(501 + restoredGap)]))
  }
  using log = opened(file, { head: raised, accept: true })
  assert.equal(log.restored, false)
  assert.deepEqual(log.read.slice(-1), [501 + restoredGap])
})

/** In format 2: without links and without a sealed base. */
function writeFormat2(file: string): void {
  const database = new DatabaseSync(file)
  database.exec(`
    CREATE TABLE blocks (first INTEGER PRIMARY KEY, places BLOB NOT NULL, data_key INTEGER NOT NULL, sealed BLOB NOT NULL);
    CREATE TABLE replaced (revision INTEGER PRIMARY KEY);
    CREATE TABLE data_keys (id INTEGER PRIMARY KEY AUTOINCREMENT, key_encryption_key TEXT NOT NULL, wrapped BLOB NOT NULL);
    CREATE TABLE compaction (floor INTEGER NOT NULL);
    INSERT INTO compaction VALUES (3);
    INSERT INTO replaced VALUES (2);
    INSERT INTO data_keys VALUES (1, 'kek', x'00');
    PRAGMA application_id = ${0x42554c4b};
    PRAGMA user_version = 2;
  `)
  const insert = database.prepare('INSERT INTO blocks VALUES (?, ?, 1, ?)')
  for (const [seals, records] of [[recordOf(2), recordOf(3)], [recordOf(4, 2)], [recordOf(5)]].entries()) {
    const { first, places, sealed } = sealBlock(createSecretKey(key), seals, pack(records), new Uint8Array())
    insert.run(first, places, sealed)
  }
  database.close()
}

test('LogDatabase accepts a log of format 2, seals it as a whole, and refuses one after a newer format was reported', () => {
  const file = newFile()
  writeFormat2(file)
  const older = newFile()
  copyFileSync(file, older)
  {
    using log = opened(file)
    assert.deepEqual(log.read, [3, 4, 5])
    write(log.database, 6, 7)
  }
  assert.deepEqual(readOf(file), [3, 4, 5, 6, 7])
  change(file, 'DELETE FROM blocks WHERE first = 2')
  damaged(file, /Stored blocks up to revision 7 are missing/)
  assert.throws(
    () => opened(older, { head: { revision: 5, digest: Buffer.alloc(32) }, accept: false }),
    /RestoredStore: The store has an older format/,
  )
})

test('a file with a foreign trigger or view is refused before anything is written', () => {
  const file = newFile()
  {
    using log = opened(file)
    write(log.database, 2, 4)
  }
  change(file, 'CREATE TRIGGER thief AFTER INSERT ON blocks BEGIN DELETE FROM blocks WHERE first = NEW.first; END')
  damaged(file, /has a trigger "thief" that does not belong to the store/)
  change(file, 'DROP TRIGGER thief; CREATE VIEW other AS SELECT * FROM blocks')
  damaged(file, /has a view "other" that does not belong to the store/)
  change(file, 'DROP VIEW other')
  assert.deepEqual(readOf(file), [2, 3, 4])
})
