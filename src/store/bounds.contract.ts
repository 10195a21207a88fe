// What every store must do about how much it holds; part of store.contract.ts.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { must, object, put, remove, type TestObject } from './objects.fixture.ts'
import type { InStore } from './store.contract.ts'
import { StoreFull, type WriteSize } from './store.ts'

const mebibyte = 2 ** 20
/** An object of about so many bytes. */
const sized = (bytes: number): Partial<TestObject> => ({ data: { text: 'x'.repeat(bytes) } })

export function boundsContract(name: string, inStore: InStore): void {
  describe(`${name} store: contents`, () => {
    inStore('count what is stored, by namespace, with what is decided, and Events apart', async (store, pods) => {
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

    inStore('are asked of each write by whoever bounds them, and a refusal changes nothing', async (store, pods) => {
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
      'refuses what makes everything larger beyond it, and lets it become smaller',
      async (_, pods) => {
        const large = sized(mebibyte)
        for (const name of ['a', 'b', 'c']) await put(pods, name, large)
        assert.throws(() => put(pods, 'd', large), StoreFull)
        // What is decided counts.
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
      'keeps an eighth of it for what the cluster needs',
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
}
