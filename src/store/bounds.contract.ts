// Limits of what a store holds, which every store must keep; part of store.contract.ts.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { must, object, put, range, record, remove, settle, type TestObject } from './objects.fixture.ts'
import type { InStore } from './store.contract.ts'
import { RevisionCompacted, StoreFull, type WriteSize } from './store.ts'

const mebibyte = 2 ** 20
/** An object of about so many bytes. */
const sized = (bytes: number): Partial<TestObject> => ({ data: { text: 'x'.repeat(bytes) } })

export function boundsContract(name: string, inStore: InStore): void {
  describe(`${name} store: contents`, () => {
    inStore('count stored and decided bytes by namespace, and Events separately', async (store, pods) => {
      const { contents } = store
      const changed: string[] = []
      contents.onChange(namespace => changed.push(namespace))
      const events = store.collection({ groupResource: 'events' })
      const made = put(pods, 'a', sized(1000), 'one')
      const decided = contents.of('one')
      assert.ok(decided > 2000 && decided < 3000, `${decided} bytes`)
      assert.deepEqual(changed, [])
      const first = await made
      assert.deepEqual(changed, ['one'])
      assert.equal(contents.of('one'), decided)
      assert.equal(contents.of('one'), first.byteLength + 1024)
      await put(pods, 'b', sized(5000), 'two')
      await put(events, 'e', sized(100), 'one')
      assert.equal(contents.of('one'), decided)
      assert.equal(contents.total, decided + contents.of('two') + contents.of('one', 'news'))
      await put(pods, 'a', sized(200), 'one')
      assert.ok(contents.of('one') < decided - 700)
      await remove(pods, 'a', 'one')
      await remove(pods, 'b', 'two')
      await remove(events, 'e', 'one')
      assert.deepEqual([contents.of('one'), contents.of('two'), contents.of('one', 'news'), contents.total], [0, 0, 0, 0])
    })

    inStore('count the bytes of a collection by namespace', async (_store, pods) => {
      const a = await put(pods, 'a', sized(1000), 'one')
      const b = await put(pods, 'b', sized(5000), 'two')
      assert.deepEqual(
        [pods.bytesIn('one'), pods.bytesIn('two'), pods.bytesIn('')],
        [a.byteLength, b.byteLength, a.byteLength + b.byteLength],
      )
      const smaller = await put(pods, 'b', sized(10), 'two')
      assert.deepEqual([pods.bytesIn('two'), pods.bytesIn('')], [smaller.byteLength, a.byteLength + smaller.byteLength])
      await remove(pods, 'a', 'one')
      assert.deepEqual([pods.bytesIn('one'), pods.bytesIn('')], [0, smaller.byteLength])
    })

    inStore('are passed to `admit` of each write, and a refusal changes nothing', async (store, pods) => {
      const asked: WriteSize[] = []
      const refusal = new Error('too much')
      const attempt = (rest: Partial<TestObject>, refuses: boolean) => {
        const expected = pods.newest('default', 'a')
        const admit = (size: WriteSize) => {
          asked.push(size)
          if (refuses) throw refusal
        }
        return pods.write({ namespace: 'default', name: 'a', expected, object: object('a', rest), admit })
      }
      const { revision } = store
      assert.throws(() => attempt(sized(10), true), refusal)
      assert.deepEqual([store.revision, store.contents.total, pods.newest('default', 'a')], [revision, 0, undefined])
      const small = await attempt(sized(10), false)
      const large = await attempt(sized(1010), false)
      await attempt(sized(10), false)
      const size = small.byteLength + 1024
      assert.deepEqual(asked.slice(1), [
        { bytes: size, growth: size },
        { bytes: large.byteLength + 1024, growth: 1000 },
        { bytes: size, growth: -1000 },
      ])
      const deletion = { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }
      await attempt(deletion, true)
      await assert.rejects(async () => attempt({ ...deletion, ...sized(1000) }, true), refusal)
    })
  })

  describe(`${name} store: maxStoredBytes`, () => {
    inStore(
      'refuses writes that grow beyond it, and allows shrinking',
      async (_, pods) => {
        const large = sized(mebibyte)
        for (const name of ['a', 'b', 'c']) await put(pods, name, large)
        assert.throws(() => put(pods, 'd', large), StoreFull)
        // Decided bytes count.
        const last = put(pods, 'd', sized(mebibyte - 50_000))
        assert.throws(() => put(pods, 'e', sized(60_000)), StoreFull)
        await last
        await put(pods, 'a', sized(mebibyte - 10))
        assert.throws(() => put(pods, 'a', sized(mebibyte + 100_000)), StoreFull)
        const marked = { ...large, metadata: { name: 'b', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'.repeat(60_000)] } }
        await put(pods, 'b', marked)
        await remove(pods, 'b')
        await put(pods, 'e', sized(500_000))
      },
      { maxStoredBytes: 4 * mebibyte },
    )

    inStore(
      'keeps an eighth in reserve for writes that the cluster needs',
      async (store, pods) => {
        const write = (name: string, bytes: number, usesReserve: boolean) =>
          pods.write({ namespace: 'default', name, expected: undefined, object: object(name, sized(bytes)), usesReserve })
        await write('a', mebibyte, false)
        await write('b', mebibyte - 10_000, false)
        assert.throws(() => write('c', 50_000, false), StoreFull)
        await write('c', 200_000, true)
        assert.throws(() => write('d', 200_000, true), StoreFull)
        assert.ok(must(pods.get('default', 'c')).byteLength > 200_000)
        assert.ok(store.contents.total > store.maxStoredBytes)
      },
      { maxStoredBytes: 2 * mebibyte },
    )
  })

  describe(`${name} store: the past of all resources`, () => {
    inStore(
      'stays below its limit, and the resource with the most changes is shortened',
      async (store, pods) => {
        const start = store.revision
        await put(pods, 'quiet')
        const noisy = ['a', 'b', 'c'].map(groupResource => store.collection({ groupResource }))
        for (let i = 0; i < 30; i++) for (const collection of noisy) await put(collection, 'x', sized(50_000 + i))
        // Together 4.5 MB were written: about 20 of these events are left.
        assert.equal(pods.oldestRevision, start)
        for (const collection of noisy) {
          const left = collection.list({}).revision - collection.oldestRevision
          assert.ok(left > 9 && left < 30, `${left} revisions`)
          assert.throws(() => collection.watch({ after: start }), RevisionCompacted)
        }
        const seen = record(pods.watch({ after: start }))
        await settle()
        assert.deepEqual(seen.types(), ['ADDED quiet'])
      },
      { pastBytes: mebibyte },
    )
  })

  describe(`${name} store: what waits for readers`, () => {
    inStore(
      'is limited for all watches together: those that have been behind for longest end, and readers continue',
      async (store, pods) => {
        const after = store.revision
        const read = record(pods.watch({ after }))
        const watches = range(0, 3).map(() => pods.watch({ after }))
        const behind = watches.map(watch => record(watch))
        await settle()
        const write = (round: number) => put(pods, 'a', sized(100_000 + round))
        for (const [round, watch] of watches.entries()) {
          watch.pause()
          await write(round)
        }
        // An event is in memory once, however many watches hold it.
        for (const round of range(4, 9)) await write(round)
        assert.deepEqual(
          behind.map(({ ended }) => ended()),
          [undefined, undefined, undefined, undefined],
        )
        await write(10)
        assert.match(behind[0]?.ended() ?? '', /^too slow: more than 1048576 bytes wait for all readers together/)
        assert.deepEqual(
          behind.slice(1).map(({ ended }) => ended()),
          [undefined, undefined, undefined],
        )
        for (const watch of watches) watch.resume()
        for (const round of range(11, 20)) await write(round)
        assert.deepEqual(
          behind.slice(1).map(({ ended }) => ended()),
          [undefined, undefined, undefined],
        )
        assert.equal(behind[1]?.events.length, 21)
        assert.equal(read.events.length, 21)
      },
      { waitingBytes: mebibyte },
    )

    inStore(
      'counts the replay of a watch',
      async (store, pods) => {
        const after = store.revision
        for (const round of range(0, 10)) await put(pods, 'a', sized(100_000 + round))
        const watches = [after, after + 4].map(revision => pods.watch({ after: revision }))
        const behind = watches.map(watch => record(watch))
        for (const watch of watches) watch.pause()
        await settle()
        assert.match(behind[0]?.ended() ?? '', /^too slow/)
        assert.equal(behind[1]?.ended(), undefined)
      },
      { waitingBytes: mebibyte },
    )

    inStore(
      'counts events that were handed over, until the reader resumes',
      async (store, pods) => {
        const after = store.revision
        const watches = range(0, 11).map(index => pods.watch({ after, name: `p${index}`, namespace: 'default' }))
        const behind = watches.map(watch => record(watch))
        await settle()
        // Each connection has received its events and accepts no more.
        for (const watch of watches) watch.onEvents(() => watch.pause())
        for (const index of range(0, 9)) await put(pods, `p${index}`, sized(100_000))
        assert.ok(behind.every(({ ended }) => ended() === undefined))
        watches[0]?.resume()
        await put(pods, 'p10', sized(100_000))
        assert.ok(behind.every(({ ended }) => ended() === undefined))
        await put(pods, 'p11', sized(100_000))
        assert.match(behind[1]?.ended() ?? '', /^too slow/)
        assert.equal(behind.filter(({ ended }) => ended() !== undefined).length, 1)
      },
      { waitingBytes: mebibyte },
    )

    inStore('is handed over in pieces, so that a reader can pause in between', async (store, pods) => {
      const after = store.revision
      for (const round of range(0, 9)) await put(pods, 'a', sized(100_000 + round))
      const watch = pods.watch({ after })
      const pieces: number[] = []
      watch.onEvents(events => {
        pieces.push(events.length)
        watch.pause()
      })
      await settle()
      assert.deepEqual(pieces, [3])
      assert.equal(watch.revision, after + 3)
      for (let round = 0; round < 5; round++) watch.resume()
      assert.deepEqual(pieces, [3, 3, 3, 1])
      assert.equal(watch.revision, after + 10)
    })
  })
}
