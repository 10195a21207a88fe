import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { Expiries } from './expiries.ts'

/** Wakes its sleepers when it is set. */
class SetClock implements Clock {
  #now = 0
  readonly sleepers = new Set<() => void>()
  now(): number {
    return this.#now
  }
  monotonic(): number {
    return this.#now
  }
  set(now: number): void {
    this.#now = now
    for (const wake of [...this.sleepers]) wake()
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.#now + ms
    return new Promise((resolve, reject) => {
      const wake = () => {
        if (this.#now < until) return
        this.sleepers.delete(wake)
        resolve()
      }
      this.sleepers.add(wake)
      signal?.addEventListener('abort', () => {
        this.sleepers.delete(wake)
        reject(signal.reason)
      })
    })
  }
}

test('Expiries acts at the time, with one timer for all of one time', async () => {
  const clock = new SetClock()
  const expiries = new Expiries(clock)
  const acted: string[] = []
  for (const name of ['a', 'b']) expiries.at(1000, () => acted.push(name))
  const takeBack = expiries.at(1000, () => acted.push('never'))
  expiries.at(2000, () => acted.push('later'))
  takeBack()
  assert.equal(clock.sleepers.size, 2)
  clock.set(999)
  await round()
  assert.equal(acted.length, 0)
  clock.set(1000)
  await round()
  assert.deepEqual(acted, ['a', 'b'])
  // A time that is over acts too, but not before the caller knows how to take it back.
  expiries.at(500, () => acted.push('over'))
  assert.equal(acted.length, 2)
  await round()
  assert.deepEqual(acted, ['a', 'b', 'over'])
})

test('Expiries keeps no unused timer', async () => {
  const clock = new SetClock()
  const expiries = new Expiries(clock)
  const acted: string[] = []
  const takeBack = [expiries.at(1000, () => acted.push('a')), expiries.at(1000, () => acted.push('b'))]
  for (const stop of takeBack) stop()
  await round()
  assert.equal(clock.sleepers.size, 0)
  expiries.at(1000, () => acted.push('c'))
  clock.set(1000)
  await round()
  assert.deepEqual(acted, ['c'])
})

test('Expiries acts within a minute on what is over since the clock was set', async () => {
  const clock = new FakeClock(0)
  const expiries = new Expiries(clock)
  const acted: string[] = []
  expiries.at(7 * 86_400_000, () => acted.push('a'))
  clock.set(8 * 86_400_000)
  await clock.advance(60_000)
  await round()
  assert.deepEqual(acted, ['a'])
})
