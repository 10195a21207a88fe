// What must hold across restarts, kills, damage and a full disk.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { turn } from '../../base/async/turns.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { Registry } from '../../base/metrics/metrics.ts'
import { createStoreMetrics } from '../metrics.ts'
import { keys, must, parse, put, record, remove, type TestObject, testResource } from '../objects.fixture.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { RevisionCompacted, WriteFailed } from '../store.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'

const root = await mkdtemp(join(tmpdir(), 'bulkhead-store-'))
const crashWriter = fileURLToPath(new URL('./crash-writer.testing.ts', import.meta.url))
let directories = 0
after(() => rm(root, { recursive: true }))

const newDirectory = () => join(root, `${directories++}`)
const open = (directory: string, options: Partial<SqliteStoreOptions> = {}) =>
  openSqliteStore({ directory, sealer: testSealer(), clock: systemClock, log: silentLogger, ...options })

/** All but the last write must be out of the write-ahead log before a test changes the file by hand. */
const change = (directory: string, sql: string) => {
  const db = new DatabaseSync(join(directory, 'store.db'))
  db.exec(sql)
  db.close()
}

describe('openSqliteStore() after a restart', () => {
  it('has the same objects, revisions, labels and fields, and resumes watches', async () => {
    const directory = newDirectory()
    let revision: number
    let before: readonly unknown[]
    let old: readonly unknown[]
    {
      await using store = await open(directory)
      const pods = store.collection(testResource)
      for (let i = 0; i < 40; i++)
        await put(pods, `p${i}`, { spec: { nodeName: `n${i % 3}` }, metadata: { labels: { app: `a${i % 4}` } } }, `ns${i % 2}`)
      revision = store.revision
      old = pods.list({}).entries.map(entry => parse(entry))
      for (let i = 0; i < 40; i += 3) await remove(pods, `p${i}`, `ns${i % 2}`)
      for (let i = 1; i < 40; i += 3) await put(pods, `p${i}`, { data: { text: 'ü😀' } }, `ns${i % 2}`)
      before = pods.list({}).entries.map(entry => [parse(entry), entry.labels, entry.fields, entry.revision])
    }
    await using store = await open(directory)
    const pods = store.collection(testResource)
    assert.deepEqual(
      pods.list({}).entries.map(entry => [parse(entry), entry.labels, entry.fields, entry.revision]),
      before,
    )
    assert.equal(store.revision, revision + 14 + 13)
    assert.deepEqual(
      pods.list({ revision }).entries.map(entry => parse(entry)),
      old,
    )
    const byNode = { exactFields: [['spec.nodeName', 'n2']] as const, matches: () => true }
    assert.equal(pods.list({ selection: byNode }).entries.length, 13)
    const seen = record(pods.watch({ after: revision }))
    await put(pods, 'new')
    assert.equal(seen.events.length, 14 + 13 + 1)
    assert.deepEqual(seen.types().slice(0, 2), ['DELETED p0', 'DELETED p3'])
    assert.equal(must(seen.events[0]).event.previous?.name, 'p0')
    assert.equal((await put(pods, 'other')).revision, revision + 29)
  })

  it('never reuses a revision, even if the newest was a deletion that is compacted', async () => {
    const directory = newDirectory()
    let revision: number
    {
      await using store = await open(directory, { keep: { revisions: 0 } })
      const pods = store.collection(testResource)
      await put(pods, 'a')
      revision = (await remove(pods, 'a')).revision
    }
    await using store = await open(directory, { keep: { revisions: 0 } })
    assert.equal(store.revision, revision)
    assert.equal((await put(store.collection(testResource), 'b')).revision, revision + 1)
  })

  it('computes the fields of stored records anew when fieldsOf has another version', async () => {
    const directory = newDirectory()
    {
      await using store = await open(directory)
      await put(store.collection(testResource), 'a', { data: { color: 'red' } })
    }
    await using store = await open(directory)
    const fieldsOf = (object: TestObject) => ({ color: object.data?.['color'] ?? '' })
    const pods = store.collection({ groupResource: 'pods', fieldsOf, fieldsVersion: 1, indexedFields: ['color'] })
    const red = { exactFields: [['color', 'red']] as const, matches: () => true }
    assert.deepEqual(keys(pods.list({ selection: red }).entries), ['default/a'])
  })

  it('keeps no more bytes of history than the limit, and returns the space of the rest', { timeout: 60_000 }, async () => {
    const directory = newDirectory()
    const metrics = createStoreMetrics(new Registry())
    await using store = await open(directory, { keep: { bytes: 4 * 2 ** 20 }, metrics })
    const maps = store.collection({ groupResource: 'configmaps' })
    for (let i = 0; i < 60; i++) await put(maps, `m${i % 4}`, { data: { text: `${i}`.repeat(500_000) } })
    const compacted = async () => must((await metrics.compactedRevision.get()).values[0]).value
    while ((await compacted()) < store.revision - 10) await turn()
    assert.ok(store.status().bytes < 40e6, `${store.status().bytes} bytes on disk after updates of 55 MB`)
  })

  it('keeps the window that the limits allow, and reports where it begins', async () => {
    const directory = newDirectory()
    const keep = { revisions: 10 }
    {
      await using store = await open(directory, { keep })
      const pods = store.collection(testResource)
      for (let i = 0; i < 60; i++) await put(pods, `p${i % 5}`, { data: { i: String(i) } })
      await remove(pods, 'p4')
    }
    // The second start finishes what the close interrupted.
    await (await open(directory, { keep }))[Symbol.asyncDispose]()
    await using store = await open(directory, { keep })
    const pods = store.collection(testResource)
    assert.ok(pods.oldestRevision > 1)
    assert.throws(() => pods.watch({ after: pods.oldestRevision - 1 }), RevisionCompacted)
    const seen = record(pods.watch({ after: pods.oldestRevision }))
    await put(pods, 'p0')
    assert.equal(seen.events.length, store.revision - pods.oldestRevision)
    assert.deepEqual(keys(pods.list({}).entries), ['default/p0', 'default/p1', 'default/p2', 'default/p3'])
    assert.equal(parse(must(pods.get('default', 'p3'))).data?.['i'], '58')
  })
})

describe('openSqliteStore() under SIGKILL', () => {
  it('loses and duplicates no acknowledged write', async () => {
    const directory = newDirectory()
    let last = new Map<string, number>()
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [crashWriter, directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      last = await acknowledgedUntilKilled(child, 400, last)
      await using store = await open(directory)
      const pods = store.collection(testResource)
      for (const [name, revision] of last) {
        const entry = must(pods.get('default', name))
        // The store may hold a write whose acknowledgement was not read, but never an older state.
        assert.ok(entry.revision >= revision, `${name}: has ${entry.revision}, acknowledged ${revision}`)
        assert.equal(parse(entry).metadata.resourceVersion, String(entry.revision))
      }
      assert.ok(store.revision >= Math.max(...last.values()))
    }
    assert.equal(last.size, 32)
  })
})

/** Reads `name revision` lines and kills the writer in the middle of its work after `count` of them. */
async function acknowledgedUntilKilled(
  child: ChildProcess,
  count: number,
  before: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const last = new Map(before)
  const exited = once(child, 'exit')
  let seen = 0
  for await (const line of createInterface({ input: must(child.stdout ?? undefined) })) {
    const [name = '', revision = ''] = line.split(' ')
    last.set(name, Number(revision))
    if (++seen === count) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return last
}

describe('the files of openSqliteStore()', () => {
  it('contain nothing in clear text: no content, no name, no namespace, no resource', async () => {
    const directory = newDirectory()
    const canary = 'canary-7d1f'
    const check = async () => {
      const files = (await readdir(directory, { recursive: true })).filter(file => file !== 'large')
      assert.ok(files.includes('store.db'))
      for (const file of files) {
        const content = await readFile(join(directory, file))
        for (const word of [canary, 'pods', 'default']) assert.equal(content.includes(word), false, `${word} in ${file}`)
        assert.equal((await stat(join(directory, file))).mode & 0o77, 0)
      }
      return files
    }
    {
      await using store = await open(directory, { large: { fromBytes: 0, cacheBytes: 0 } })
      const pods = store.collection(testResource)
      const rest = { data: { [canary]: canary }, metadata: { labels: { [canary]: canary } }, spec: { nodeName: canary } }
      for (let i = 0; i < 50; i++) await put(pods, `${canary}-${i}`, rest, canary)
      for (let i = 0; i < 50; i += 2) await remove(pods, `${canary}-${i}`, canary)
      assert.ok((await check()).includes('store.db-wal'))
      assert.ok((await check()).some(file => file.startsWith('large/')))
    }
    assert.equal((await check()).length, 1)
  })

  it('are sealed with a new data key at each start and after a number of records; unused keys are removed', async () => {
    const directory = newDirectory()
    const sealer = testSealer()
    for (let start = 0; start < 3; start++) {
      await using store = await open(directory, { sealer, recordsPerKey: 10 })
      const pods = store.collection(testResource)
      for (let i = 0; i < 35; i++) await put(pods, `p${start}-${i}`)
    }
    assert.ok(sealer.made >= 9, `${sealer.made} keys`)
    await using store = await open(directory, { sealer })
    assert.equal(store.collection(testResource).size, 105)
  })

  it('cannot be opened with another key-encryption key', async () => {
    const directory = newDirectory()
    await (await open(directory))[Symbol.asyncDispose]()
    await assert.rejects(open(directory, { sealer: testSealer('another') }))
    await (await open(directory))[Symbol.asyncDispose]()
  })

  // Each write of these tests is a group of its own, and therefore a block.
  const damages: readonly [string, string, RegExp][] = [
    [
      'swapped blocks',
      'UPDATE blocks SET (places, data_key, link, sealed) = (SELECT places, data_key, link, sealed FROM blocks WHERE first = 5) WHERE first = 3',
      /revision 3 was swapped with that of revision 5/,
    ],
    [
      'an older state played back',
      'UPDATE blocks SET (places, data_key, link, sealed) = (SELECT places, data_key, link, sealed FROM blocks WHERE first = 2) WHERE first = 7',
      /revision 7 was swapped with that of revision 2/,
    ],
    [
      'an older state in the place of a newer one',
      'UPDATE blocks SET sealed = (SELECT sealed FROM blocks WHERE first = 2) WHERE first = 7',
      /revision 7 was changed after it was written/,
    ],
    [
      'a changed byte',
      "UPDATE blocks SET sealed = CAST(substr(sealed, 1, 30) || x'00ff00' || substr(sealed, 34) AS BLOB) WHERE first = 4",
      /revision 4 was changed after it was written/,
    ],
    ['a block cut short', "UPDATE blocks SET sealed = x'00' WHERE first = 4", /revision 4 is cut short/],
    ['a missing block', 'DELETE FROM blocks WHERE first = 5', /revision 5 is missing/],
    [
      'a missing record from before the window',
      'UPDATE compaction SET floor = 3; DELETE FROM blocks WHERE first = 2',
      /The sealed summary of the store is missing or was changed/,
    ],
    ['another window', 'UPDATE compaction SET floor = 3', /The sealed summary of the store is missing or was changed/],
    ['nothing sealed about itself', 'DELETE FROM base', /The sealed summary of the store is missing or was changed/],
    [
      'a deletion undone',
      "UPDATE blocks SET places = CAST(substr(places, 1, 16) || x'0000000000000000' || substr(places, 25) AS BLOB) WHERE first = 8",
      /revision 8 was changed after it was written/,
    ],
    ['a record marked as replaced', 'INSERT INTO replaced VALUES (4)', /revision 4 was marked as replaced/],
    ['a missing data key', 'DELETE FROM data_keys', /data key 1 of the stored block at revision 1 is missing/],
    ['a newer format', 'PRAGMA user_version = 99', /has store format 99, but this version of Bulkhead reads only formats up to 3/],
    ["another program's database", 'PRAGMA application_id = 1', /is the database of another program/],
  ]
  for (const [title, sql, message] of damages) {
    it(`are refused with ${title}`, async () => {
      const directory = newDirectory()
      {
        await using store = await open(directory)
        const pods = store.collection(testResource)
        for (let i = 0; i < 5; i++) await put(pods, `p${i}`)
        await put(pods, 'p0')
        await remove(pods, 'p1')
      }
      change(directory, sql)
      await assert.rejects(open(directory), message)
    })
  }

  it('cannot be opened by a second process', async () => {
    const directory = newDirectory()
    await using store = await open(directory)
    await put(store.collection(testResource), 'a')
    await assert.rejects(open(directory), /is in use by another process/)
  })

  it('are not created again if they existed before, and never replace a file that cannot be opened', async () => {
    const directory = newDirectory()
    const lost =
      /"[^"]+store\.db" is empty, but it was not before\. Restore the data directory from a backup, or start with an empty data directory/
    await assert.rejects(open(directory, { mustExist: true }), lost)
    {
      await using store = await open(directory)
      await put(store.collection(testResource), 'a')
    }
    {
      await using store = await open(directory, { mustExist: true })
      assert.equal(store.collection(testResource).size, 1)
    }
    const file = join(directory, 'store.db')
    await truncate(file)
    await assert.rejects(open(directory, { mustExist: true }), lost)
    await rm(file)
    await mkdir(file)
    await assert.rejects(open(directory), /^Error: Cannot open the store: EISDIR/)
  })
})

describe('openSqliteStore() on a full disk', () => {
  it('refuses writes with a clear error, keeps what it has, and accepts writes again when there is space', async () => {
    const directory = newDirectory()
    let size: number
    {
      await using store = await open(directory, { maxBytes: 400_000 })
      const pods = store.collection(testResource)
      let failure: unknown
      for (let i = 0; failure === undefined && i < 1000; i++) {
        await put(pods, `p${i}`, { data: { fill: 'x'.repeat(20_000) } }).catch((err: unknown) => {
          failure = err
        })
      }
      assert.ok(failure instanceof WriteFailed && failure.retriable, String(failure))
      assert.match(failure.message, /is full; free space and try again/)
      size = pods.size
      const revision = store.revision
      // Everything decided on top of the failed write fails with it; nothing of it is visible.
      const results = await Promise.allSettled([
        put(pods, 'q', { data: { fill: 'x'.repeat(50_000) } }),
        put(pods, 'q', { data: { k: 'v' } }),
      ])
      assert.deepEqual(
        results.map(result => result.status),
        ['rejected', 'rejected'],
      )
      assert.equal(pods.newest('default', 'q'), undefined)
      await store.settled()
      assert.equal(store.revision, revision)
    }
    await using store = await open(directory)
    const pods = store.collection(testResource)
    assert.equal(pods.size, size)
    await put(pods, 'q', { data: { fill: 'x'.repeat(50_000) } })
    assert.equal(pods.size, size + 1)
  })
})

describe('openSqliteStore() on a failing disk', () => {
  it('stops accepting writes permanently, and keeps what it acknowledged', async () => {
    const directory = newDirectory()
    // With a file size limit whose signal is ignored, writes fail in the kernel like on a broken disk: 2,000 blocks of 512 or 1,024 bytes.
    const script = 'trap "" XFSZ; ulimit -f 2000; exec "$0" "$@"'
    const child = spawn('/bin/sh', ['-c', script, process.execPath, crashWriter, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
    const last = new Map<string, number>()
    const failures: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      const [name = '', rest = ''] = line.split(/ (.*)/)
      if (name === 'failed') failures.push(rest)
      else last.set(name, Number(rest))
    }
    assert.equal(failures.length, 33)
    for (const failure of failures) assert.match(failure, /The disk failed under the store .* no more writes are accepted until a restart/)
    await using store = await open(directory)
    const pods = store.collection(testResource)
    for (const [name, revision] of last) assert.ok(must(pods.get('default', name)).revision >= revision)
    assert.equal(last.size, 32)
  })
})
