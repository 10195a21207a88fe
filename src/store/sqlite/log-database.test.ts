import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { DataKeys } from './data-keys.ts'
import { LogDatabase } from './log-database.ts'
import { areOpen, forEachPacked, type PackedRecords, type PlainRecord, pack, readRecord } from './record.ts'
import { RecordDamaged } from './seal.ts'

const directory = mkdtempSync(join(tmpdir(), 'bulkhead-log-'))
after(() => rmSync(directory, { recursive: true }))
const key = randomBytes(32)

const records: readonly PlainRecord[] = Array.from({ length: 300 }, (_, i) => ({
  revision: i + 2,
  previous: 0,
  deleted: false,
  header: { groupResource: 'pods', namespace: 'ns', name: `p${i}`, at: i, fieldsVersion: 0, labels: undefined, extraFields: undefined },
  bytes: Buffer.alloc(10_000, i),
}))

function written(name: string, all = records): string {
  const file = join(directory, name)
  const database = new LogDatabase({ file })
  database.useKey(key, Buffer.from('wrapped'), 'kek')
  database.append(pack(all))
  database.close()
  return file
}

/** All chunks of the log; `leavesSealed` is asked with the number of those before. */
function load(file: string, leavesSealed: (before: number) => boolean): PackedRecords[] {
  const database = new LogDatabase({ file })
  const chunks: PackedRecords[] = []
  try {
    for (const { id } of database.wrappedKeys()) database.addKey(id, key)
    database.load(
      chunk => chunks.push(chunk),
      () => leavesSealed(chunks.length),
    )
  } finally {
    database.close()
  }
  return chunks
}

function opened(chunks: readonly PackedRecords[]): PlainRecord[] {
  const keys = new DataKeys()
  keys.add(1, key)
  const read: PlainRecord[] = []
  for (const chunk of chunks) {
    keys.open(chunk)
    forEachPacked(chunk, (place, plain) => read.push(readRecord(place, plain)))
  }
  return read
}

test('load() hands over chunks open, or under seal for whoever waits for them, with the same records', () => {
  const file = written('both')
  const chunks = load(file, before => before % 2 === 0)
  assert.ok(chunks.length > 3)
  assert.deepEqual(
    chunks.map(areOpen),
    chunks.map((_, i) => i % 2 === 1),
  )
  assert.deepEqual(opened(chunks), records)
})

test('load() hands over records that are larger than a chunk usually is', () => {
  const large = records.slice(0, 5).map((record, i) => ({ ...record, bytes: Buffer.alloc(i % 2 === 0 ? 1_500_000 : 10, i) }))
  assert.deepEqual(opened(load(written('large', large), before => before % 2 === 0)), large)
})

test('a damaged record is refused by whoever opens it', () => {
  const file = written('damaged')
  const database = new DatabaseSync(file)
  database.exec('UPDATE log SET sealed = zeroblob(length(sealed)) WHERE revision = 299')
  database.close()
  assert.throws(() => load(file, () => false), RecordDamaged)
  const chunks = load(file, () => true)
  assert.throws(() => opened(chunks), RecordDamaged)
})

test('a record under a key that is not known is refused', () => {
  const chunks = load(written('unknown'), () => true)
  assert.throws(() => new DataKeys().open(chunks[0] ?? pack([])), /data key 1 of the stored record at revision 2 is missing/)
})
