import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { createMemoryStore } from '../store/memory.ts'
import { runEventExpiry } from './event-expiry.ts'

/** Each wait ends when the test says so, an hour and a half later or a minute. */
class SteppedClock implements Clock {
  #now = 0
  #wake: (() => void) | undefined
  /** Somebody sets it at each look. */
  now(): number {
    return (this.#now + 1) * 1000
  }
  monotonic(): number {
    return this.#now
  }
  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = resolve
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
  async step(ms: number): Promise<void> {
    this.#now += ms
    this.#wake?.()
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
  }
}

test('runEventExpiry() deletes only events without an update for an hour', async () => {
  await using store = createMemoryStore()
  const events = store.collection({ groupResource: 'events' })
  const clock = new SteppedClock()
  const stop = new AbortController()
  const put = (name: string) =>
    events.write({
      namespace: 'default',
      name,
      expected: events.newest('default', name),
      object: { metadata: { name, namespace: 'default' } },
    })
  await put('old')
  await put('updated')
  const running = runEventExpiry(
    {
      events,
      revision: () => store.revision,
      remove: async entry => {
        await events.write({ namespace: entry.namespace, name: entry.name, expected: entry, object: undefined })
      },
      clock,
      log: silentLogger,
    },
    stop.signal,
  )
  await clock.step(30 * 60_000)
  await put('updated')
  await clock.step(20 * 60_000)
  assert.equal(events.size, 2)
  await clock.step(15 * 60_000)
  assert.deepEqual(
    events.list({}).entries.map(({ name }) => name),
    ['updated'],
  )
  await clock.step(60 * 60_000)
  assert.equal(events.size, 0)
  stop.abort()
  await running
})
