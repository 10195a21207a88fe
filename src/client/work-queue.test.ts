import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from '../base/data/random.ts'
import { FakeClock } from './testing/fake-clock.ts'
import { WorkQueue } from './work-queue.ts'

test('WorkQueue returns each key once, in order', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  for (const key of ['a', 'b', 'a']) queue.add(key)
  assert.deepEqual([await queue.take(), await queue.take(), queue.depth], ['a', 'b', 0])
})

test('WorkQueue never returns a key that is being processed, and returns it again afterwards', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  queue.add('a')
  assert.equal(await queue.take(), 'a')
  queue.add('a')
  assert.equal(queue.depth, 0)
  queue.done('a')
  assert.equal(await queue.take(), 'a')
  queue.done('a')
  assert.ok(queue.idle)
})

test('WorkQueue wakes a waiting taker', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  const taken = queue.take()
  queue.add('a')
  assert.equal(await taken, 'a')
})

test('WorkQueue doubles the wait of a key that fails, until it is forgotten', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock, firstBackoffMs: 10, maxBackoffMs: 30 })
  const waits: number[] = []
  const measure = async () => {
    queue.addBackedOff('a')
    const start = clock.now()
    while (queue.depth === 0) await clock.advance(1)
    waits.push(clock.now() - start)
    queue.done((await queue.take()) ?? '')
  }
  for (let i = 0; i < 4; i++) await measure()
  queue.forget('a')
  await measure()
  assert.deepEqual(waits, [10, 20, 30, 30, 10])
})

test('WorkQueue does not increase the back-off for failures of tries that events caused early', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock, firstBackoffMs: 10 })
  const fail = async () => {
    const key = (await queue.take()) ?? ''
    queue.addBackedOff(key)
    queue.done(key)
  }
  for (let event = 0; event < 30; event++) {
    queue.add('a')
    await fail()
  }
  await clock.advance(10)
  assert.equal(queue.depth, 1)
  await fail()
  await clock.advance(19)
  assert.equal(queue.depth, 0)
  await clock.advance(1)
  assert.equal(queue.depth, 1)
})

test('WorkQueue retries a failed key before its longer delay ends', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock, firstBackoffMs: 10 })
  queue.addAfter('a', 1000)
  queue.addBackedOff('a')
  await clock.advance(10)
  assert.equal(queue.depth, 1)
})

test('WorkQueue keeps the earliest of several delays', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock })
  queue.addAfter('a', 100)
  queue.addAfter('a', 50)
  queue.addAfter('a', 200)
  await clock.advance(50)
  assert.equal(queue.depth, 1)
  queue.done((await queue.take()) ?? '')
  await clock.advance(500)
  assert.equal(queue.depth, 0)
})

test('WorkQueue has one timer per key, and none for a deleted object or after it stopped', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock })
  for (const ms of [100, 50, 200]) queue.addAfter('a', ms)
  queue.addAfter('b', 100)
  assert.equal(clock.sleepers, 2)
  queue.cancelDelay('a')
  assert.equal(clock.sleepers, 1)
  queue.stop()
  assert.equal(clock.sleepers, 0)
  await clock.advance(1000)
  assert.equal(await queue.take(), undefined)
})

test('WorkQueue resolves waiting takers when it stops', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  const taken = queue.take()
  queue.stop()
  queue.add('a')
  assert.deepEqual([await taken, await queue.take()], [undefined, undefined])
})

test('WorkQueue limits delays to the maximum of a timer', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock })
  queue.addAfter('a', 2 ** 40)
  await clock.advance(2 ** 31 - 1)
  assert.equal(queue.depth, 1)
})

test('WorkQueue keeps the earliest delay of a key even if the clock was set meanwhile', async () => {
  for (const by of [3_600_000, -3_600_000]) {
    const clock = new FakeClock()
    const queue = new WorkQueue({ clock })
    queue.addAfter('a', 10_000)
    clock.set(by)
    queue.addAfter('a', 1_000)
    queue.addAfter('a', 20_000)
    await clock.advance(1_000)
    assert.equal(queue.depth, 1)
  }
})

test('WorkQueue returns each key again that was added or failed since it was taken, to one worker at a time', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomOf(seed)
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
    const clock = new FakeClock()
    const queue = new WorkQueue({ clock })
    const held = new Set<string>()
    /** A worker that has an older state of the key. */
    const owed = new Set<string>()
    const takeOne = async () => {
      const key = await queue.take()
      if (key === undefined) return
      assert.ok(!held.has(key), `seed ${seed}: "${key}" is held`)
      owed.delete(key)
      held.add(key)
    }
    const workers: Promise<void>[] = []
    const work = () => workers.push(takeOne())
    const finish = (key: string, fails: boolean) => {
      if (fails) {
        queue.addBackedOff(key)
        owed.add(key)
      } else queue.forget(key)
      held.delete(key)
      queue.done(key)
    }
    const add = (key: string, afterMs: number) => {
      owed.add(key)
      queue.addAfter(key, afterMs)
    }
    for (let step = 0; step < 200; step++) {
      const worked = pick([...held])
      if (random() < 0.4) add(pick(['a', 'b', 'c', 'd']) ?? '', random() < 0.5 ? 0 : random() * 100)
      else if (random() < 0.4 || worked === undefined) work()
      else finish(worked, random() < 0.5)
      if (random() < 0.3) await clock.advance(random() * 50)
      await Promise.resolve()
    }
    for (const key of held) finish(key, false)
    for (let round = 0; round < 100 && owed.size > 0; round++) {
      work()
      await clock.advance(10_000)
      for (const key of held) finish(key, false)
    }
    assert.deepEqual([...owed], [], `seed ${seed}`)
    queue.stop()
    await Promise.allSettled(workers)
  }
})
