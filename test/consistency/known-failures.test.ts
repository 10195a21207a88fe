// Failures that other stores of Kubernetes had, as tests of ours: each names where it was reported.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { heldStore } from '../../src/server/held-store.testing.ts'
import { noEtcd, startEtcd, type TestEtcd } from '../../src/store/etcd/etcd.testing.ts'
import { EtcdClient } from '../../src/store/etcd/etcd-client.ts'
import { openEtcdStore } from '../../src/store/etcd/etcd-store.ts'
import type { RangeResponse } from '../../src/store/etcd/messages.ts'
import type { WindowLimits } from '../../src/store/event-window.ts'
import { must, names, put, record, remove, testResource } from '../../src/store/objects.fixture.ts'
import type { KeepLimits } from '../../src/store/records/compaction.ts'
import { testSealer } from '../../src/store/records/sealer.testing.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { RevisionCompacted, type Store, WriteFailed } from '../../src/store/store.ts'
import { Link } from '../torture/link.ts'

interface Limits {
  readonly keep?: Partial<KeepLimits>
  readonly window?: Partial<WindowLimits>
}

/** Opens the store of a place, which outlives it. */
type Open = (place: string, limits?: Limits) => Promise<Store>

const common = { clock: systemClock, log: silentLogger }
const folder = mkdtempSync(join(tmpdir(), 'known-failures-'))
after(() => rmSync(folder, { recursive: true }))

const openSqlite: Open = (place, limits = {}) =>
  openSqliteStore({ directory: join(folder, place), sealer: testSealer(), ...common, ...limits })

const turn = () => new Promise(resolve => setImmediate(resolve))

/** Resolves when it holds; the test's own time limit ends a wait in vain. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

function onEveryStore(open: Open): void {
  test('a list has everything up to its revision, so that a watch from there misses nothing (k3s-io/kine#676)', async () => {
    await using store = await open(randomUUID())
    const pods = store.collection(testResource)
    const writes = Array.from({ length: 200 }, (_, index) => put(pods, `p${index}`))
    const views: { readonly listed: readonly string[]; readonly seen: ReturnType<typeof record> }[] = []
    let done = false
    const all = Promise.all(writes).then(() => {
      done = true
    })
    while (!done && views.length < 50) {
      const { entries, revision } = pods.list({})
      views.push({ listed: names(entries), seen: record(pods.watch({ after: revision })) })
      await turn()
    }
    await all
    for (const { listed, seen } of views) {
      await until(() => listed.length + seen.events.length >= 200)
      assert.equal(new Set([...listed, ...seen.events.map(({ event }) => event.entry.name)]).size, 200)
    }
  })

  test('a slow watch gets a deletion that came before the window moved on (k3s-io/kine#220, etcd-io/etcd#18089)', async () => {
    await using store = await open(randomUUID(), { keep: { revisions: 2 }, window: { events: 2 } })
    const pods = store.collection(testResource)
    await put(pods, 'a')
    const watch = pods.watch({ after: store.revision })
    const seen = record(watch)
    watch.pause()
    await remove(pods, 'a')
    for (let round = 0; round < 20; round++) await put(pods, 'b', { data: { round: String(round) } })
    watch.resume()
    await until(() => seen.events.length === 21)
    assert.equal(seen.types()[0], 'DELETED a')
  })

  test('a watch from before the window gets no event before it is told so (k3s-io/kine#238)', async () => {
    await using store = await open(randomUUID(), { window: { events: 2 } })
    const pods = store.collection(testResource)
    for (let round = 0; round < 20; round++) await put(pods, 'b', { data: { round: String(round) } })
    assert.throws(() => pods.watch({ after: 2 }), RevisionCompacted)
  })

  test('a restart finds objects that are older than everything that was kept (k3s-io/kine#311)', async () => {
    const place = randomUUID()
    let last = 0
    {
      await using store = await open(place, { keep: { revisions: 3 } })
      const pods = store.collection(testResource)
      await put(pods, 'old')
      for (let round = 0; round < 50; round++) await put(pods, 'gone', { data: { round: String(round) } })
      last = (await remove(pods, 'gone')).revision
    }
    await using store = await open(place, { keep: { revisions: 3 } })
    const pods = store.collection(testResource)
    assert.deepEqual(names(pods.list({}).entries), ['old'])
    assert.ok((await put(pods, 'new')).revision > last)
  })

  test('a watch of a revision to come gets nothing from before it (etcd-io/etcd#20221)', async () => {
    await using store = await open(randomUUID())
    const pods = store.collection(testResource)
    await put(pods, 'a')
    const start = store.revision + 3
    const watch = pods.watch({ after: start })
    const seen = record(watch)
    assert.equal(watch.revision, undefined)
    for (const name of ['b', 'c', 'd', 'e', 'f']) await put(pods, name)
    await until(() => seen.events.length > 0)
    assert.ok(seen.revisions().every(revision => revision > start))
  })

  test('a bookmark is never ahead of an event (etcd-io/etcd#15220)', async () => {
    await using store = await open(randomUUID())
    const pods = store.collection(testResource)
    const watch = pods.watch({ after: store.revision })
    let bookmark = 0
    let events = 0
    watch.onEvents(batch => {
      for (const { event } of batch) assert.ok(event.entry.revision > bookmark)
      events += batch.length
    })
    const writes = Array.from({ length: 100 }, (_, index) => put(pods, `p${index}`))
    while (events < 100) {
      await turn()
      bookmark = watch.revision ?? bookmark
    }
    await Promise.all(writes)
  })
}

describe('SQLite', () => {
  onEveryStore(openSqlite)
})

test('watches go on after a write that failed, which leaves no hole to wait for (k3s-io/kine#82)', async () => {
  const held = heldStore()
  const pods = held.store.collection(testResource)
  const seen = record(pods.watch({ after: held.store.revision }))
  const failing = put(pods, 'a')
  await held.committing
  held.fail(new WriteFailed('The disk is full', { retriable: true }))
  await assert.rejects(failing, WriteFailed)
  const stored = put(pods, 'b')
  await until(() => held.happened.length === 2)
  held.commit()
  await stored
  await until(() => seen.events.length === 1)
  assert.deepEqual(seen.types(), ['ADDED b'])
})

describe('etcd', { skip: noEtcd }, () => {
  let etcd: TestEtcd
  before(async () => {
    if (noEtcd === false) etcd = await startEtcd()
  })
  after(() => etcd?.[Symbol.asyncDispose]())

  const identity = { id: 'one', address: 'https://127.0.0.1:6443' }
  const openAt = (place: string, endpoints: readonly string[], limits: Limits = {}) =>
    openEtcdStore({
      ...{ etcd: { ...etcd, endpoints }, prefix: `/${place}/`, cluster: 'test', identity, sealer: testSealer() },
      ...{ ...common, ...limits },
    })
  onEveryStore((place, limits) => openAt(place, etcd.endpoints, limits))

  test('a lease that ended ends no client: the right to write comes back, again and again (etcd-io/etcd#7472)', async () => {
    const place = randomUUID()
    await using store = await openAt(place, etcd.endpoints)
    const pods = store.collection(testResource)
    using client = new EtcdClient(etcd)
    for (let round = 0; round < 3; round++) {
      const { kvs } = await client.call<RangeResponse>('Range', { key: Buffer.from(`/${place}/writer`) })
      await client.call('LeaseRevoke', { ID: must(kvs[0]).lease })
      await put(pods, `p${round}`)
    }
    assert.deepEqual(names(pods.list({}).entries), ['p0', 'p1', 'p2'])
  })

  test('a write whose answer is lost is not applied twice by a retry (etcd-io/etcd#18424)', async () => {
    await using link = await Link.to(Number(new URL(etcd.endpoints[0] ?? '').port))
    await using store = await openAt(randomUUID(), [`https://127.0.0.1:${link.port}`])
    const pods = store.collection(testResource)
    const seen = record(pods.watch({ after: store.revision }))
    const before = store.revision
    for (let round = 0; round < 30; round++) {
      const writing = put(pods, 'counter', { data: { round: String(round) } })
      if (round % 3 === 0) {
        await turn()
        link.cut()
        link.heal()
      }
      await writing
    }
    await until(() => seen.events.length >= 30)
    assert.equal(seen.events.length, 30)
    assert.equal(new Set(seen.revisions()).size, 30)
    assert.ok(store.revision > before)
  })
})
