import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stillHeld } from '../base/testing/retained-bytes.testing.ts'
import { StoredEntry } from './entry.ts'
import { VersionEvent } from './event.ts'
import { EventWindow, type WindowLimits } from './event-window.ts'
import { RevisionCompacted } from './store.ts'

function event(revision: number, options: { name?: string; bytes?: number; at?: number; previous?: StoredEntry } = {}): VersionEvent {
  const bytes = Buffer.alloc(options.bytes ?? 10)
  const entry = new StoredEntry({ namespace: '', name: options.name ?? 'a', revision, bytes, labels: undefined, extraFields: undefined })
  return new VersionEvent(options.previous === undefined ? 'ADDED' : 'MODIFIED', entry, options.previous, options.at ?? 0)
}

const unlimited: WindowLimits = { events: 1e9, bytes: 1e9, ageMs: 1e9 }

describe('EventWindow', () => {
  const rows: readonly [string, Partial<WindowLimits>, VersionEvent[], number][] = [
    ['keeps all inside the limits', {}, [event(12), event(15), event(20)], 10],
    ['by count', { events: 2 }, [event(12), event(15), event(20), event(21)], 15],
    ['by bytes', { bytes: 100 }, [event(12, { bytes: 60 }), event(15, { bytes: 30 }), event(20, { bytes: 40 })], 12],
    ['by age', { ageMs: 5 }, [event(12, { at: 1 }), event(15, { at: 4 }), event(20, { at: 8 })], 12],
    ['but keeps the newest, however large', { bytes: 1 }, [event(12), event(15)], 12],
  ]
  for (const [title, limits, events, start] of rows) {
    it(`drops the oldest ${title}`, () => {
      const window = new EventWindow(10, { ...unlimited, ...limits })
      for (const pushed of events) window.push(pushed)
      assert.equal(window.start, start)
      assert.deepEqual(
        window.after(start),
        events.filter(({ revision }) => revision > start),
      )
      assert.throws(() => window.after(start - 1), RevisionCompacted)
    })
  }

  it('finds events between revisions of other resources, after thousands were dropped', () => {
    const window = new EventWindow(1, { ...unlimited, events: 50 })
    for (let i = 1; i <= 5000; i++) window.push(event(i * 10))
    assert.deepEqual(
      window.after(49_985).map(({ revision }) => revision),
      [49_990, 50_000],
    )
    assert.deepEqual(
      window.after(49_990).map(({ revision }) => revision),
      [50_000],
    )
    assert.equal(window.after(window.start).length, 50)
  })

  it('holds no more dropped events than live ones', async () => {
    const window = new EventWindow(1, { ...unlimited, bytes: 100 })
    const events: WeakRef<VersionEvent>[] = []
    for (let i = 1; i <= 500; i++) {
      const pushed = event(i, { bytes: 30 })
      events.push(new WeakRef(pushed))
      window.push(pushed)
    }
    await new Promise(resolve => setImmediate(resolve))
    const held = stillHeld(events)
    assert.ok(held <= 6, `${held} events`)
    assert.equal(window.after(window.start).length, 3)
  })

  it('changesSince() gives the earlier state, by the oldest change of each key', () => {
    const window = new EventWindow(1, unlimited)
    const first = event(2, { name: 'a' })
    const second = event(3, { name: 'a', previous: first.entry })
    for (const pushed of [first, second, event(4, { name: 'b' }), event(5, { name: 'a', previous: second.entry })]) window.push(pushed)
    assert.deepEqual(
      [...window.changesSince(2)],
      [
        ['a', first.entry],
        ['b', undefined],
      ],
    )
    assert.deepEqual(
      [...window.changesSince(1)],
      [
        ['a', undefined],
        ['b', undefined],
      ],
    )
    assert.deepEqual([...window.changesSince(5)], [])
  })
})
