// Requirements for every store. `memory.test.ts` and `sqlite-store.long.test.ts` run it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boundsContract } from './bounds.contract.ts'
import type { WindowLimits } from './event-window.ts'
import {
  keys,
  must,
  names,
  object,
  onNode1,
  parse,
  put,
  record,
  remove,
  settle,
  type TestObject,
  testResource,
  write,
} from './objects.fixture.ts'
import { storeModelTest } from './store.model.ts'
import type { Collection, Entry, ListQuery, Selection, Store } from './store.ts'
import { maxObjectBytes, ObjectTooLarge, RevisionCompacted, RevisionInFuture, WriteConflict, WriteFailed } from './store.ts'
import { watchContract } from './watch.contract.ts'

export interface ContractOptions {
  readonly window?: Partial<WindowLimits>
  readonly maxStoredBytes?: number
  readonly pastBytes?: number
  readonly waitingBytes?: number
}
export type OpenStore = (options: ContractOptions) => Store | Promise<Store>

/** Declares one test that runs in a fresh store. */
export type InStore = (title: string, test: (store: Store, pods: Collection) => Promise<void>, options?: ContractOptions) => void

export function storeContract(name: string, open: OpenStore): void {
  const inStore: InStore = (title, test, options = {}) => {
    it(title, async () => {
      await using store = await open(options)
      await test(store, store.collection(testResource))
    })
  }

  describe(`${name} store: collection()`, () => {
    inStore('keeps the options of a collection that is opened again only for reading', async (store, pods) => {
      const { groupResource } = testResource
      assert.equal(store.collection({ groupResource }), pods)
      await put(pods, 'a', { spec: { nodeName: 'n1' } })
      assert.deepEqual(names(pods.list({ selection: onNode1 }).entries), ['a'])
    })
  })

  describe(`${name} store: forgetPast()`, () => {
    inStore('drops the events before it, and neither objects nor watches', async (store, pods) => {
      const after = store.revision
      const live = record(pods.watch({ after }))
      await put(pods, 'a')
      await put(pods, 'b')
      await remove(pods, 'b')
      pods.forgetPast()
      assert.equal(pods.oldestRevision, store.revision)
      assert.throws(() => pods.watch({ after }), RevisionCompacted)
      assert.throws(() => pods.list({ revision: after }), RevisionCompacted)
      assert.deepEqual(names(pods.list({}).entries), ['a'])
      const later = record(pods.watch({ after: store.revision }))
      await put(pods, 'c')
      await settle()
      assert.deepEqual([live.types(), later.types()], [['ADDED a', 'ADDED b', 'DELETED b', 'ADDED c'], ['ADDED c']])
    })
  })

  describe(`${name} store: write()`, () => {
    inStore('stamps a new resourceVersion into the bytes and takes one revision a write, deletions included', async (store, pods) => {
      const start = store.revision
      const created = await put(pods, 'a')
      assert.equal(created.revision, start + 1)
      assert.equal(parse(created).metadata.resourceVersion, String(start + 1))
      const updated = await put(pods, 'a', { data: { k: 'v' } })
      assert.equal(updated.revision, start + 2)
      const deleted = await remove(pods, 'a')
      assert.equal(deleted.revision, start + 3)
      assert.deepEqual(parse(deleted), { ...parse(updated), metadata: { ...parse(updated).metadata, resourceVersion: String(start + 3) } })
      assert.equal(store.revision, start + 3)
      assert.equal(pods.get('default', 'a'), undefined)
      assert.equal(pods.size, 0)
    })

    inStore('returns the bytes that it got, whatever they contain', async (_, pods) => {
      const data = { text: 'ü€😀\u2028 "quoted" \\ \0', 'resourceVersion": "7': '"resourceVersion":"9"', ['__proto__x']: '{}' }
      const entry = await put(pods, 'a', { data })
      assert.deepEqual(parse(entry).data, data)
      assert.deepEqual(pods.get('default', 'a')?.object, parse(entry))
      assert.throws(() => {
        ;(entry.object as TestObject).data = {}
      }, TypeError)
    })

    inStore('lets exactly one of many writes on the same version win', async (_, pods) => {
      const first = await put(pods, 'a')
      const attempts = Array.from({ length: 20 }, (_, i) => attempt(() => write(pods, 'a', first, { data: { by: String(i) } })))
      const results = await Promise.all(attempts)
      assert.equal(results.filter(result => result === 'won').length, 1)
      assert.equal(results.filter(result => result === 'conflict').length, 19)
      assert.deepEqual(parse(must(pods.get('default', 'a'))).data, { by: '0' })
    })

    inStore('throws WriteConflict at once, with the newest version, and takes no revision for it', async (store, pods) => {
      const first = await put(pods, 'a')
      const second = await put(pods, 'a')
      const newest = (err: unknown) => err instanceof WriteConflict && err.newest?.revision === second.revision
      assert.throws(() => write(pods, 'a', first), newest)
      assert.throws(() => write(pods, 'a', undefined), newest)
      assert.throws(() => pods.write({ namespace: 'default', name: 'a', expected: first, object: undefined }), newest)
      const missing = (err: unknown) => err instanceof WriteConflict && err.newest === undefined
      assert.throws(() => write(pods, 'b', first), missing)
      assert.throws(() => pods.write({ namespace: 'default', name: 'b', expected: undefined, object: undefined }), missing)
      assert.equal((await put(pods, 'c')).revision, second.revision + 1)
      assert.equal(store.revision, second.revision + 1)
    })

    inStore('takes no revision for an object that cannot be encoded', async (store, pods) => {
      const cyclic: TestObject & { self?: unknown } = object('a')
      cyclic.self = cyclic
      assert.throws(() => pods.write({ namespace: 'default', name: 'a', expected: undefined, object: cyclic }), TypeError)
      assert.equal(pods.newest('default', 'a'), undefined)
      const before = store.revision
      assert.equal((await put(pods, 'a')).revision, before + 1)
    })

    inStore('refuses a too large object, and uses no revision for it', async (store, pods) => {
      const sized = (bytes: number): TestObject => object('a', { data: { text: 'x'.repeat(bytes) } })
      const request = (expected: Entry | undefined, object: TestObject) => ({ namespace: 'default', name: 'a', expected, object })
      const before = store.revision
      assert.throws(() => pods.write(request(undefined, sized(maxObjectBytes))), ObjectTooLarge)
      assert.equal(pods.newest('default', 'a'), undefined)
      assert.equal(store.revision, before)
      const empty = await pods.write(request(undefined, sized(0)))
      const full = await pods.write(request(empty, sized(maxObjectBytes - empty.bytes.length)))
      assert.equal(full.bytes.length, maxObjectBytes)
      assert.throws(() => pods.write(request(full, sized(maxObjectBytes - empty.bytes.length + 1))), ObjectTooLarge)
      // It can still be deleted, and an object that became larger by a deletion mark may shrink.
      const marked = sized(maxObjectBytes - empty.bytes.length)
      marked.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
      const deleting = await pods.write(request(full, marked))
      assert.ok(deleting.bytes.length > maxObjectBytes)
      const smaller = structuredClone(deleting.object as TestObject)
      smaller.data = { text: 'x'.repeat(maxObjectBytes - empty.bytes.length - 1) }
      const shrunk = await pods.write(request(deleting, smaller))
      assert.ok(shrunk.bytes.length > maxObjectBytes)
      const grown = structuredClone(shrunk.object as TestObject)
      grown.data = { text: 'x'.repeat(maxObjectBytes - empty.bytes.length) }
      assert.throws(() => pods.write(request(shrunk, grown)), ObjectTooLarge)
      await pods.write({ namespace: 'default', name: 'a', expected: shrunk, object: undefined })
    })

    inStore('shows a decided write to newest() only, until it is durable', async (store, pods) => {
      const before = store.revision
      const creating = write(pods, 'a', undefined)
      assert.equal(pods.get('default', 'a'), undefined)
      assert.equal(store.revision, before)
      const decided = must(pods.newest('default', 'a'))
      const deleting = pods.write({ namespace: 'default', name: 'a', expected: decided, object: undefined })
      assert.equal(pods.newest('default', 'a'), undefined)
      const again = write(pods, 'a', undefined, { data: { second: 'yes' } })
      assert.equal(pods.newest('default', 'a')?.revision, before + 3)
      await store.settled()
      assert.equal(pods.get('default', 'a')?.revision, before + 3)
      assert.deepEqual(
        (await Promise.all([creating, deleting, again])).map(entry => entry.revision),
        [before + 1, before + 2, before + 3],
      )
    })

    inStore('resolves in revision order over all resources, each when visible', async (store, pods) => {
      const maps = store.collection({ groupResource: 'configmaps' })
      const order: number[] = []
      const writes = Array.from({ length: 30 }, (_, i) =>
        write(i % 2 === 0 ? pods : maps, `o${i}`, undefined).then(entry => {
          assert.ok(store.revision >= entry.revision)
          order.push(entry.revision)
        }),
      )
      await Promise.all(writes)
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      )
      assert.equal(order.length, 30)
    })

    inStore('throws after the store is closed, and finishes decided writes', async (store, pods) => {
      const last = write(pods, 'a', undefined)
      await store[Symbol.asyncDispose]()
      assert.equal((await last).name, 'a')
      assert.throws(() => pods.write({ namespace: 'default', name: 'b', expected: undefined, object: object('b') }), WriteFailed)
    })
  })

  describe(`${name} store: list()`, () => {
    inStore('orders by namespace/name as one string, as upstream does', async (_, pods) => {
      for (const [namespace, pod] of [
        ['a', 'z'],
        ['a-b', 'a'],
        ['a', 'b'],
        ['b', 'a'],
        ['a.c', 'x'],
      ] as const)
        await put(pods, pod, {}, namespace)
      assert.deepEqual(keys(pods.list({}).entries), ['a-b/a', 'a.c/x', 'a/b', 'a/z', 'b/a'])
      assert.deepEqual(keys(pods.list({ namespace: 'a' }).entries), ['a/b', 'a/z'])
      assert.deepEqual(keys(pods.list({ namespace: 'none' }).entries), [])
    })

    inStore('chains pages at one revision while the objects change', async (store, pods) => {
      for (let i = 0; i < 25; i++) await put(pods, `p${String(i).padStart(2, '0')}`)
      const first = pods.list({ namespace: 'default', limit: 10 })
      assert.equal(first.remaining, 15)
      assert.equal(first.more, true)
      const expected = pods.list({ namespace: 'default' }).entries.map(entry => entry.revision)
      await remove(pods, 'p12')
      await put(pods, 'p13', { data: { new: 'yes' } })
      await put(pods, 'p125')
      await remove(pods, 'p24')
      await put(pods, 'p24')
      const pages = [...first.entries]
      let page = first
      while (page.more) {
        page = pods.list({ namespace: 'default', limit: 10, revision: first.revision, after: must(page.entries.at(-1)) })
        assert.equal(page.revision, first.revision)
        pages.push(...page.entries)
        assert.equal(page.remaining, 25 - pages.length)
      }
      assert.deepEqual(
        pages.map(entry => entry.revision),
        expected,
      )
      assert.equal(pods.list({}).revision, store.revision)
    })

    inStore('finds by label, field and name what a scan finds, at the newest and an older revision', async (store, pods) => {
      for (let i = 0; i < 300; i++) {
        await put(pods, `p${i}`, { spec: { nodeName: `n${i % 7}` }, metadata: { labels: { app: `a${i % 5}` } } }, `ns${i % 3}`)
      }
      const old = store.revision
      const before = new Map(selections.map(([title, selection]) => [title, names(pods.list({ selection }).entries)]))
      for (let i = 0; i < 300; i += 4)
        await put(pods, `p${i}`, { spec: { nodeName: 'n1' }, metadata: { labels: { app: 'a1' } } }, `ns${i % 3}`)
      for (let i = 1; i < 300; i += 9) await remove(pods, `p${i}`, `ns${i % 3}`)
      for (const [title, selection] of selections) {
        for (const query of [
          {},
          { namespace: 'ns1' },
          { limit: 7 },
          { after: { namespace: 'ns1', name: 'p2' }, limit: 50 },
        ] satisfies ListQuery[]) {
          for (const revision of [undefined, old]) {
            const indexed = pods.list({ ...query, revision, selection })
            const scanned = pods.list({ ...query, revision, selection: { matches: entry => selection.matches(entry) } })
            assert.deepEqual(keys(indexed.entries), keys(scanned.entries), `${title} ${JSON.stringify(query)}`)
            assert.equal(indexed.more, scanned.more)
            assert.equal(indexed.remaining, undefined)
          }
        }
        assert.deepEqual(names(pods.list({ selection, revision: old }).entries), before.get(title), title)
      }
    })

    inStore('answers RevisionInFuture for a revision that does not exist yet', async (store, pods) => {
      assert.throws(() => pods.list({ revision: store.revision + 1 }), RevisionInFuture)
    })

    inStore(
      'answers RevisionCompacted before the window',
      async (store, pods) => {
        const start = store.revision
        for (let i = 0; i < 6; i++) await put(pods, 'a', { data: { i: String(i) } })
        const oldest = pods.oldestRevision
        assert.ok(oldest > start)
        const compacted = (err: unknown) => err instanceof RevisionCompacted && err.oldest === oldest && err.requested === oldest - 1
        assert.throws(() => pods.list({ revision: oldest - 1 }), compacted)
        assert.throws(() => pods.watch({ after: oldest - 1 }), compacted)
        assert.equal(pods.list({ revision: oldest }).entries[0]?.revision, oldest)
        pods.watch({ after: oldest }).close()
      },
      { window: { events: 3 } },
    )
  })

  boundsContract(name, inStore)
  watchContract(name, inStore)

  describe(`${name} store: model`, () => {
    it('behaves like a simple model under random concurrent writes', () => storeModelTest(open))
  })
}

const selections: readonly [string, Selection][] = [
  ['node', onNode1],
  ['label', { exactLabels: [['app', 'a1']], matches: entry => entry.labels['app'] === 'a1' }],
  [
    'both',
    {
      exactLabels: [['app', 'a1']],
      exactFields: [['spec.nodeName', 'n1']],
      matches: entry => entry.labels['app'] === 'a1' && onNode1.matches(entry),
    },
  ],
  ['name', { exactFields: [['metadata.name', 'p4']], matches: entry => entry.name === 'p4' }],
  ['prototype', { exactLabels: [['constructor', 'x']], matches: entry => Object.hasOwn(entry.labels, 'constructor') }],
]

async function attempt(act: () => Promise<Entry>): Promise<'won' | 'conflict'> {
  try {
    await act()
    return 'won'
  } catch (err) {
    if (err instanceof WriteConflict) return 'conflict'
    throw err
  }
}
