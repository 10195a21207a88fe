import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import { plugins } from './plugins/index.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

const pod = (name: string, priority = 0): Pod => ({ metadata: { name, uid: name }, spec: { containers: [], priority } })
const nameOf = (found: Pod | undefined) => found?.metadata.name

test('SchedulingQueue hands out by priority, then by arrival', () => {
  const queue = new SchedulingQueue(plugins)
  queue.set(pod('a'), 1)
  queue.set(pod('b'), 2)
  queue.set(pod('high', 5), 3)
  assert.deepEqual([queue.take(3), queue.take(3), queue.take(3), queue.take(3)].map(nameOf), ['high', 'a', 'b', undefined])
})

test('SchedulingQueue wakes a refused pod only by events that concern who refused it, and after its back-off', () => {
  const queue = new SchedulingQueue(plugins)
  queue.set(pod('a'), 0)
  queue.take(0)
  queue.refused(pod('a'), new Set(['TaintToleration']), 0)
  queue.wake('pod-removed', 500)
  assert.deepEqual(queue.counts, { active: 0, backoff: 0, unschedulable: 1 })
  queue.wake('node-changed', 500)
  assert.equal(queue.take(999), undefined)
  assert.equal(queue.nextIn(999), 1)
  assert.equal(nameOf(queue.take(1000)), 'a')
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

test('SchedulingQueue.wakeLongWaiting() brings back what waits five minutes, each in its own time', () => {
  const queue = new SchedulingQueue(plugins)
  for (const [name, at] of [
    ['a', 0],
    ['b', 60_000],
  ] as const) {
    queue.set(pod(name), at)
    queue.take(at)
    queue.refused(pod(name), new Set(['TaintToleration']), at)
  }
  const woken = (now: number) => {
    queue.wakeLongWaiting(now)
    return nameOf(queue.take(now))
  }
  assert.deepEqual([300_999, 301_000, 301_000, 360_999, 361_000].map(woken), [undefined, 'a', undefined, undefined, 'b'])
})
