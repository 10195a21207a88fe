import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import { plugins } from './plugins/index.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

const pod = (name: string, priority = 0): Pod => ({ metadata: { name, uid: name }, spec: { containers: [], priority } })
const nameOf = (found: Pod | undefined) => found?.metadata.name

test('SchedulingQueue returns pods by priority, then by arrival', () => {
  const queue = new SchedulingQueue(plugins)
  queue.set(pod('a'), 1)
  queue.set(pod('b'), 2)
  queue.set(pod('high', 5), 3)
  assert.deepEqual([queue.take(3), queue.take(3), queue.take(3), queue.take(3)].map(nameOf), ['high', 'a', 'b', undefined])
})

/** Each pod was taken and refused at its time. */
function refusing(...refused: readonly { readonly pod: Pod; readonly at?: number }[]): SchedulingQueue {
  const queue = new SchedulingQueue(plugins)
  for (const { pod, at = 0 } of refused) {
    queue.set(pod, at)
    queue.take(at)
    queue.refused(pod, new Set(['TaintToleration']), at)
  }
  return queue
}

test('SchedulingQueue wakes a refused pod only by events that its refusing plugins registered for, at once if the queue is idle', () => {
  const queue = refusing({ pod: pod('a') })
  queue.wake('pod-removed', 500)
  assert.deepEqual(queue.counts, { active: 0, backoff: 0, unschedulable: 1 })
  queue.wake('node-changed', 500)
  assert.deepEqual(queue.counts, { active: 0, backoff: 1, unschedulable: 0 })
  assert.equal(queue.nextIn(500), 0)
  queue.set(pod('new'), 500)
  assert.deepEqual([queue.take(500), queue.take(500)].map(nameOf), ['new', 'a'])
})

test('SchedulingQueue applies the back-off if many are woken', () => {
  const queue = refusing(...Array.from({ length: 33 }, (_, index) => ({ pod: pod(`${index}`) })))
  queue.wake('node-changed', 500)
  assert.equal(queue.nextIn(999), 1)
  assert.equal(queue.take(999), undefined)
  assert.equal(nameOf(queue.take(1000)), '0')
})

test('SchedulingQueue puts a failed pod behind waiting pods of its priority', () => {
  const queue = refusing({ pod: pod('old') })
  queue.set(pod('a'), 1)
  queue.wake('node-changed', 2000)
  queue.set(pod('b'), 2000)
  queue.take(2000)
  queue.refused(pod('old'), new Set(['TaintToleration']), 2001)
  queue.wake('node-changed', 9000)
  queue.set(pod('c'), 9000)
  assert.deepEqual([queue.take(9000), queue.take(9000), queue.take(9000)].map(nameOf), ['a', 'b', 'old'])
})

test('SchedulingQueue retries a held pod when it is released, if an event woke it or its work failed', () => {
  const queue = refusing({ pod: pod('woken') }, { pod: pod('failed') }, { pod: pod('idle') })
  for (const name of ['woken', 'failed', 'idle']) queue.hold(pod(name))
  queue.set(pod('woken'), 2000)
  queue.wakeLongWaiting(2000)
  assert.equal(queue.take(2000), undefined)
  queue.release(pod('idle'), false, 2000)
  queue.release(pod('failed'), true, 2000)
  assert.deepEqual([queue.take(2000), queue.take(2000)].map(nameOf), ['failed', undefined])
  queue.release(pod('woken'), false, 2000)
  assert.equal(nameOf(queue.take(2000)), 'woken')
})

test('SchedulingQueue doubles the back-off up to ten seconds', () => {
  const queue = new SchedulingQueue(plugins)
  queue.set(pod('a'), 0)
  const waits: (number | undefined)[] = []
  for (let now = 0, i = 0; i < 6; i++) {
    queue.take(now)
    queue.failed(pod('a'), now)
    waits.push(queue.nextIn(now))
    now += queue.nextIn(now) ?? 0
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 10_000, 10_000])
})

test('SchedulingQueue.wakeLongWaiting() requeues pods after five minutes, each at its own time', () => {
  const queue = refusing({ pod: pod('a') }, { pod: pod('b'), at: 60_000 })
  const woken = (now: number) => {
    queue.wakeLongWaiting(now)
    return nameOf(queue.take(now))
  }
  assert.deepEqual([300_999, 301_000, 301_000, 360_999, 361_000].map(woken), [undefined, 'a', undefined, undefined, 'b'])
})

test('SchedulingQueue: what a tenant keeps waiting costs nothing with the pods and events of others', () => {
  const count = 2000
  let looks = 0
  const counted = (name: string, priority: number): Pod => {
    const made = pod(name)
    Object.defineProperty(made.spec, 'priority', {
      get: () => {
        looks++
        return priority
      },
    })
    return made
  }
  class Counted extends Set<string> {
    override [Symbol.iterator]() {
      looks++
      return super[Symbol.iterator]()
    }
  }
  const logarithm = 2 * 2 * Math.ceil(Math.log2(2 * count)) * 2
  const queue = new SchedulingQueue(plugins)
  for (let index = 0; index < count; index++) queue.set(counted(`low-${index}`, 0), index)
  for (let index = 0; index < count; index++) queue.set(counted(`high-${index}`, 1), count)
  for (let index = 0; index < count; index++) assert.equal(nameOf(queue.take(count)), `high-${index}`)
  assert.ok(looks < count * 2 * logarithm, `${looks} looks at priorities`)

  for (let index = 0; index < count; index++) {
    const waiting = queue.take(count)
    if (waiting !== undefined) queue.refused(waiting, new Counted(['TaintToleration']), count)
  }
  looks = 0
  for (let index = 0; index < count; index++) queue.wake('pod-placed', count)
  assert.equal(looks, 0)
  assert.deepEqual(queue.counts, { active: 0, backoff: 0, unschedulable: count })
})
