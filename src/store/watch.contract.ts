// Requirements for watches of every store; part of store.contract.ts.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { must, onNode1, parse, put, range, record, remove, settle, write } from './objects.fixture.ts'
import type { InStore } from './store.contract.ts'
import type { Selection } from './store.ts'

export function watchContract(name: string, inStore: InStore): void {
  describe(`${name} store: watch()`, () => {
    inStore('delivers every change once, in order, with the version before', async (_, pods) => {
      const seen = record(pods.watch({ after: pods.oldestRevision }))
      const created = await put(pods, 'a')
      const updated = await put(pods, 'a', { data: { k: 'v' } })
      const deleted = await remove(pods, 'a')
      assert.deepEqual(seen.types(), ['ADDED a', 'MODIFIED a', 'DELETED a'])
      assert.deepEqual(
        seen.events.map(({ event }) => event.previous?.revision),
        [undefined, created.revision, updated.revision],
      )
      assert.deepEqual(seen.frames(), [
        { type: 'ADDED', object: parse(created) },
        { type: 'MODIFIED', object: parse(updated) },
        { type: 'DELETED', object: parse(deleted) },
      ])
      assert.equal(seen.events[1]?.event.frame('MODIFIED'), seen.events[1]?.event.frame('MODIFIED'))
    })

    inStore('resumes from every revision in the window without loss or repetition', async (store, pods) => {
      const start = store.revision
      for (let i = 0; i < 12; i++) await (i % 4 === 3 ? remove(pods, 'a') : put(pods, 'a', { data: { i: String(i) } }))
      for (let after = start; after <= store.revision; after++) {
        const seen = record(pods.watch({ after }))
        await settle()
        assert.deepEqual(seen.revisions(), range(after + 1, store.revision))
      }
    })

    inStore('continues from the replay to live events without a gap', async (store, pods) => {
      const start = store.revision
      await put(pods, 'a')
      const watch = pods.watch({ after: start })
      await put(pods, 'b')
      const seen = record(watch)
      const third = put(pods, 'c')
      await third
      assert.deepEqual(seen.revisions(), range(start + 1, start + 3))
    })

    inStore('delivers nothing until a revision in the future is passed', async (store, pods) => {
      const seen = record(pods.watch({ after: store.revision + 2 }))
      for (const pod of ['a', 'b', 'c']) await put(pods, pod)
      assert.deepEqual(seen.types(), ['ADDED c'])
    })

    inStore('reports objects that enter and leave its selection, and leave with their last visible state', async (_, pods) => {
      for (const selection of [onNode1, { matches: onNode1.matches }]) {
        const seen = record(pods.watch({ after: 1e9, selection }))
        const live = record(pods.watch({ after: pods.list({}).revision, selection }))
        const visible = await put(pods, 'a', { spec: { nodeName: 'n1' }, data: { state: 'visible' } })
        const moved = await put(pods, 'a', { spec: { nodeName: 'n2' }, data: { state: 'hidden' } })
        await put(pods, 'a', { spec: { nodeName: 'n3' } })
        await put(pods, 'a', { spec: { nodeName: 'n1' } })
        await put(pods, 'a', { spec: { nodeName: 'n1' }, data: { k: 'v' } })
        await remove(pods, 'a')
        await put(pods, 'b', { spec: { nodeName: 'n2' } })
        await remove(pods, 'b')
        assert.deepEqual(live.types(), ['ADDED a', 'DELETED a', 'ADDED a', 'MODIFIED a', 'DELETED a'])
        const left = must(live.events[1])
        const expected = { ...parse(visible), metadata: { ...parse(visible).metadata, resourceVersion: String(moved.revision) } }
        assert.deepEqual(live.frames()[1], { type: 'DELETED', object: expected })
        assert.deepEqual(parse(left.event.entryAs('DELETED')), expected)
        assert.equal(left.event.entryAs('DELETED').revision, moved.revision)
        assert.deepEqual(seen.types(), [])
      }
    })

    inStore('delivers to each watcher what its query selects, whatever its index', async (store, pods) => {
      const after = store.revision
      const exact = (path: string, value: string): Selection => ({
        exactFields: [[path, value]],
        matches: entry => entry.fields[path] === value,
      })
      const app: Selection = { exactLabels: [['app', 'x']], matches: entry => entry.labels['app'] === 'x' }
      const watches = {
        all: record(pods.watch({ after })),
        namespace: record(pods.watch({ after, namespace: 'one' })),
        name: record(pods.watch({ after, namespace: 'one', name: 'a' })),
        anyNamespace: record(pods.watch({ after, name: 'a' })),
        field: record(pods.watch({ after, selection: exact('spec.nodeName', 'n1') })),
        emptyField: record(pods.watch({ after, selection: exact('spec.nodeName', '') })),
        metadataName: record(pods.watch({ after, selection: exact('metadata.name', 'b') })),
        label: record(pods.watch({ after, selection: app })),
        labelInNamespace: record(pods.watch({ after, namespace: 'two', selection: app })),
      }
      await put(pods, 'a', { spec: { nodeName: 'n1' } }, 'one')
      await put(pods, 'b', { metadata: { labels: { app: 'x' } } }, 'one')
      await put(pods, 'a', { metadata: { labels: { app: 'x' } } }, 'two')
      await put(pods, 'c', { spec: { nodeName: 'n2' }, metadata: { labels: { app: 'y' } } }, 'two')
      const seen = Object.fromEntries(Object.entries(watches).map(([title, watch]) => [title, watch.keys()]))
      assert.deepEqual(seen, {
        all: ['one/a', 'one/b', 'two/a', 'two/c'],
        namespace: ['one/a', 'one/b'],
        name: ['one/a'],
        anyNamespace: ['one/a', 'two/a'],
        field: ['one/a'],
        emptyField: ['one/b', 'two/a'],
        metadataName: ['one/b'],
        label: ['one/b', 'two/a'],
        labelInNamespace: ['two/a'],
      })
    })

    inStore('holds events for a paused reader and ends the watch when too much waits', async (store, pods) => {
      const patient = pods.watch({ after: store.revision })
      const slow = pods.watch({ after: store.revision, maxPendingBytes: 300 })
      const [seen, dropped] = [record(patient), record(slow)]
      await settle()
      patient.pause()
      slow.pause()
      for (let i = 0; i < 5; i++) await put(pods, `p${i}`)
      assert.deepEqual(seen.types(), [])
      assert.equal(patient.revision, store.revision - 5)
      patient.resume()
      assert.equal(patient.revision, store.revision)
      slow.resume()
      assert.deepEqual(
        seen.types(),
        range(0, 4).map(i => `ADDED p${i}`),
      )
      assert.deepEqual(dropped.types(), [])
      assert.match(must(dropped.ended()), /^too slow: /)
      assert.equal(seen.ended(), undefined)
    })

    inStore('reports in `revision` how far it has come, even if nothing concerned it', async (store, pods) => {
      const watch = pods.watch({ after: store.revision, namespace: 'quiet' })
      const future = pods.watch({ after: store.revision + 10 })
      record(watch)
      await put(pods, 'a')
      assert.equal(watch.revision, store.revision)
      assert.equal(future.revision, undefined)
    })

    inStore('ends the watch of a listener that throws, and no other', async (store, pods) => {
      const broken = pods.watch({ after: store.revision })
      let reason: string | undefined
      broken.onEvents(() => {
        throw new Error('broken listener')
      })
      broken.onEnd(ended => {
        reason = ended
      })
      const seen = record(pods.watch({ after: store.revision }))
      await put(pods, 'a')
      await put(pods, 'b')
      assert.equal(reason, 'the listener failed')
      assert.deepEqual(seen.types(), ['ADDED a', 'ADDED b'])
    })

    inStore('delivers nothing after close(), and ends with the store', async (store, pods) => {
      const closed = pods.watch({ after: store.revision })
      const [silent, seen] = [record(closed), record(pods.watch({ after: store.revision }))]
      closed.close()
      await put(pods, 'a')
      await store[Symbol.asyncDispose]()
      assert.deepEqual(silent.types(), [])
      assert.equal(silent.ended(), undefined)
      assert.deepEqual(seen.types(), ['ADDED a'])
      assert.equal(seen.ended(), 'the store closed')
    })

    inStore('delivers every event once to a watch that is opened inside a listener', async (store, pods) => {
      const maps = store.collection({ groupResource: 'configmaps' })
      const after = store.revision
      let nested: ReturnType<typeof record> | undefined
      const outer = pods.watch({ after })
      outer.onEvents(() => {
        nested ??= record(maps.watch({ after }))
      })
      await settle()
      await Promise.all([write(pods, 'a', undefined), write(maps, 'm', undefined)])
      await write(maps, 'n', undefined)
      assert.deepEqual(must(nested).types(), ['ADDED m', 'ADDED n'])
    })
  })
}
