import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import { parseQuery } from '../request/query.ts'
import { smallBodyBytes } from './body-room.ts'
import type { Release } from './fair-queues.ts'
import { FakeFlowClock } from './fake-flow-clock.testing.ts'
import type { Flow } from './flow.ts'
import { FlowCounters } from './flow-counters.ts'
import { FlowRefusal } from './flow-refusal.ts'
import { LevelQueues } from './level-queues.ts'
import { oneSeat, type Work } from './work-estimate.ts'

const info = { isResource: false as const, verb: 'get', path: '/', query: parseQuery('') }
const never = () => new AbortController().signal

class Bench {
  readonly clock = new FakeFlowClock()
  readonly counters = new FlowCounters('schema', 'level')
  readonly level: LevelQueues

  constructor({ limit = 4, queues = 8, queueLengthLimit = 10 } = {}) {
    this.level = new LevelQueues(this.clock, { queues, queueLengthLimit })
    this.level.setLimit(limit)
  }

  flow(name: string, ...hand: number[]): Flow {
    return { schema: 'schema', distinguisher: name, hand, held: 0, bodyBytes: 0, waiting: 0 }
  }

  start(flow: Flow, work: Work = oneSeat, signal = never, bodyBytes = 0): Release | Promise<Release> {
    const user = { name: flow.distinguisher, groups: [] }
    const seat = this.level.start({ user, info, flow, work, counters: this.counters, mutating: 0, bodyBytes, maxWait: 15_000, signal })
    return 'release' in seat ? seat.release : seat.waiting
  }

  /** Starts one that must not wait. */
  run(flow: Flow, work?: Work): Release {
    const started = this.start(flow, work)
    assert.equal(typeof started, 'function', 'it had to wait')
    return started as Release
  }

  /** Starts one that must wait; it runs for `ms` once it may and writes its name down. */
  queue(flow: Flow, order: string[], ms = 10, work?: Work): Promise<void> {
    const started = this.start(flow, work)
    assert.ok(started instanceof Promise, 'it had not to wait')
    return started.then(release => {
      order.push(flow.distinguisher)
      this.clock.after(ms, release)
    })
  }

  /** Lets time pass until nothing runs or waits. */
  async drain(): Promise<void> {
    for (let step = 0; step < 10_000 && !this.level.isIdle; step++) {
      this.clock.advance(1)
      await Promise.resolve()
      await Promise.resolve()
    }
    assert.ok(this.level.isIdle, 'something never ends')
  }
}

const wide = (seats: number): Work => ({ seats, initialSeats: seats, finalSeats: 0, lingerMs: 0 })
const refusedFor = (why: string) => (err: unknown) =>
  err instanceof FlowRefusal && err.why.includes(why) && isReason(err, 'TooManyRequests')

test('LevelQueues.start() gives free seats at once, and releases each only once', () => {
  const bench = new Bench()
  const release = bench.run(bench.flow('a', 0))
  assert.equal(bench.level.executing, 1)
  release()
  release()
  assert.ok(bench.level.isIdle)
})

test('LevelQueues.start() reserves a quarter of the free seats for other flows', async () => {
  const bench = new Bench({ limit: 8 })
  const [slow, quick] = [bench.flow('slow', 0), bench.flow('quick', 1)]
  for (let seat = 0; seat < 6; seat++) bench.run(slow)
  const order: string[] = []
  void bench.queue(slow, order)
  // It waits only behind requests of the slow flow.
  const release = bench.run(quick)
  release()
  assert.deepEqual(order, [])
  assert.equal(bench.level.waiting, 1)
})

test('LevelQueues serves a quiet flow between the requests of a flood', async () => {
  const bench = new Bench({ limit: 1, queueLengthLimit: 50 })
  const [flood, quiet] = [bench.flow('flood', 0, 1), bench.flow('quiet', 2, 3)]
  const order: string[] = []
  const first = bench.run(flood)
  const all = Array.from({ length: 20 }, () => bench.queue(flood, order))
  all.push(bench.queue(quiet, order))
  first()
  await bench.drain()
  await Promise.all(all)
  assert.equal(order.length, 21)
  assert.ok(order.indexOf('quiet') <= 2, `the quiet one came as ${order.indexOf('quiet')}`)
})

test('LevelQueues gives flows equal seat time, not equal numbers of requests', async () => {
  const bench = new Bench({ limit: 1, queueLengthLimit: 1000 })
  const [long, short] = [bench.flow('long', 0), bench.flow('short', 1)]
  const order: string[] = []
  const first = bench.run(bench.flow('first', 2))
  const all = [
    ...Array.from({ length: 20 }, () => bench.queue(long, order, 50)),
    ...Array.from({ length: 100 }, () => bench.queue(short, order, 10)),
  ]
  first()
  await bench.drain()
  await Promise.all(all)
  // While both want seats, five short ones take as long as one long one.
  const half = order.slice(0, 60)
  const [longs, shorts] = ['long', 'short'].map(name => half.filter(flow => flow === name).length)
  assert.ok(longs !== undefined && shorts !== undefined && Math.abs(shorts / longs - 5) < 1.5, `${shorts} short to ${longs} long`)
})

test('LevelQueues charges a wide request for all its seats', async () => {
  const bench = new Bench({ limit: 4, queueLengthLimit: 1000 })
  const [lists, gets] = [bench.flow('lists', 0), bench.flow('gets', 1)]
  const order: string[] = []
  const first = bench.run(bench.flow('first', 2), wide(4))
  const all = [
    ...Array.from({ length: 20 }, () => bench.queue(lists, order, 10, wide(4))),
    ...Array.from({ length: 80 }, () => bench.queue(gets, order)),
  ]
  first()
  await bench.drain()
  await Promise.all(all)
  const half = order.slice(0, 40)
  const [few, many] = ['lists', 'gets'].map(name => half.filter(flow => flow === name).length)
  assert.ok(few !== undefined && many !== undefined && many >= 2 * few, `${many} gets to ${few} lists of four seats`)
})

test('LevelQueues.start() runs a request that needs more seats than the level has alone', () => {
  const bench = new Bench({ limit: 2 })
  const release = bench.run(bench.flow('wide', 0), wide(5))
  assert.ok(bench.start(bench.flow('other', 1)) instanceof Promise)
  release()
  assert.equal(bench.level.executing, 1)
})

test('LevelQueues.start() refuses with 429 if the queue is full', () => {
  const bench = new Bench({ limit: 1, queueLengthLimit: 2 })
  const flow = bench.flow('a', 0, 1)
  bench.run(flow)
  // Two queues of two places each.
  for (let waiting = 0; waiting < 4; waiting++) void bench.start(flow)
  assert.throws(() => bench.start(flow), refusedFor('queue-full'))
  assert.ok(bench.start(bench.flow('b', 2)) instanceof Promise, 'another flow may wait')
  assert.equal(bench.counters.rejected['queue-full'], 1)
})

test('LevelQueues.start() refuses at once if the level has no queues', () => {
  const bench = new Bench({ limit: 2, queues: 0 })
  bench.run(bench.flow('a'))
  bench.run(bench.flow('b'))
  assert.throws(() => bench.start(bench.flow('c')), refusedFor('concurrency-limit'))
})

test('LevelQueues refuses a request with 429 if it has waited too long', async () => {
  const bench = new Bench({ limit: 1 })
  bench.run(bench.flow('a', 0))
  const waiting = Promise.resolve(bench.start(bench.flow('b', 1)))
  bench.clock.advance(15_000)
  await assert.rejects(waiting, refusedFor('time-out'))
  assert.equal(bench.level.waiting, 0)
  assert.equal(bench.clock.timers, 0)
})

test('LevelQueues removes a request whose client is gone', async () => {
  const bench = new Bench({ limit: 1 })
  const release = bench.run(bench.flow('a', 0))
  const gone = new AbortController()
  const waiting = Promise.resolve(bench.start(bench.flow('b', 1), oneSeat, () => gone.signal))
  gone.abort(new Error('gone'))
  await assert.rejects(waiting, /gone/)
  const already = bench.start(bench.flow('c', 1), oneSeat, () => AbortSignal.abort(new Error('gone before')))
  await assert.rejects(Promise.resolve(already), /gone before/)
  release()
  assert.ok(bench.level.isIdle)
  assert.equal(bench.clock.timers, 0)
  assert.equal(bench.counters.rejected.cancelled, 2)
})

test('LevelQueues holds the seats of a write after its response, while its watches are served', () => {
  const bench = new Bench({ limit: 4 })
  const flow = bench.flow('a', 0)
  bench.run(flow, { seats: 3, initialSeats: 1, finalSeats: 3, lingerMs: 5 })()
  assert.equal(bench.level.executing, 0)
  assert.equal(flow.held, 3)
  bench.clock.advance(5)
  assert.equal(flow.held, 0)
  assert.ok(bench.level.isIdle)
})

test('LevelQueues.setLimit() starts waiting requests when the level gets more seats', async () => {
  const bench = new Bench({ limit: 1 })
  bench.run(bench.flow('a', 0))
  const waiting = Promise.resolve(bench.start(bench.flow('b', 1)))
  bench.level.setLimit(2)
  assert.equal(typeof (await waiting), 'function')
})

test('LevelQueues removes empty queues', async () => {
  const bench = new Bench({ limit: 2, queues: 10_000_000 })
  const releases = Array.from({ length: 2 }, (_, index) => bench.run(bench.flow(`f${index}`, index * 1000)))
  assert.equal(bench.level.queues.length, 2)
  for (const release of releases) release()
  assert.equal(bench.level.queues.length, 0)
})

const mebibyte = 2 ** 20

test('start() gives one flow seats for 4 MiB of bodies, and its next body one when they are free', async () => {
  const bench = new Bench({ limit: 49 })
  const eve = bench.flow('eve', 0)
  const first = bench.start(eve, oneSeat, never, 3 * mebibyte)
  assert.ok(typeof first === 'function')
  const waiting = Array.from({ length: 9 }, () => Promise.resolve(bench.start(eve, oneSeat, never, 3 * mebibyte)))
  assert.deepEqual([bench.level.executing, bench.level.waiting, eve.bodyBytes], [1, 9, 3 * mebibyte])
  // What has a small body or none, and what others send, does not wait behind them.
  assert.equal(typeof bench.start(eve, oneSeat, never, smallBodyBytes), 'function')
  assert.equal(typeof bench.start(bench.flow('ann', 3), oneSeat, never, 3 * mebibyte), 'function')
  assert.equal(typeof bench.start(eve, oneSeat, never, mebibyte), 'function')
  assert.equal(eve.bodyBytes, 4 * mebibyte)
  let free: Release = first
  for (const next of waiting) {
    free()
    free = await next
    assert.ok(eve.bodyBytes <= 4 * mebibyte)
  }
  free()
  assert.deepEqual([bench.level.waiting, eve.bodyBytes], [0, mebibyte])
})

test('start() refuses a body with a 429 that waits too long for its room', async () => {
  const bench = new Bench({ limit: 49 })
  const eve = bench.flow('eve', 0)
  bench.start(eve, oneSeat, never, 3 * mebibyte)
  const late = bench.start(eve, oneSeat, never, 3 * mebibyte)
  bench.clock.advance(15_000)
  await assert.rejects(Promise.resolve(late), err => isReason(err, 'TooManyRequests'))
  assert.deepEqual([bench.level.waiting, eve.bodyBytes], [0, 3 * mebibyte])
})

test('start() gives a level 16 MiB of bodies, and beyond that each flow its first one: who sends slowly holds up no other user', () => {
  const bench = new Bench({ limit: 49 })
  const slow = Array.from({ length: 6 }, (_, index) => bench.flow(`u${index}`, index % 8))
  for (const flow of slow) assert.equal(typeof bench.start(flow, oneSeat, never, 3 * mebibyte), 'function')
  const ann = bench.flow('ann', 7)
  assert.equal(typeof bench.start(ann, oneSeat, never, 3 * mebibyte), 'function')
  assert.notEqual(typeof bench.start(ann, oneSeat, never, mebibyte), 'function')
})
