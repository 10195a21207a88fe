import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NamespaceTurns, TooManyWaiting, type TurnLimits } from './namespace-turns.ts'

const { signal } = new AbortController()
const roomy: TurnLimits = { running: 4, ownRunning: 2, waiting: 100, ownWaiting: 50 }
const settled = () => new Promise(resolve => setImmediate(resolve))

/** Works that end when the test says so; `begun` has their names in the order in which they began. */
function begin(limits: TurnLimits) {
  const turns = new NamespaceTurns(limits)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const run = (namespace: string, name: string, until = signal) =>
    turns.run(
      namespace,
      () => {
        begun.push(name)
        return new Promise<void>(resolve => ends.set(name, resolve))
      },
      until,
    )
  const end = async (name: string) => {
    ends.get(name)?.()
    await settled()
  }
  return { run, end, begun }
}

test('NamespaceTurns gives a namespace its share, and keeps the order within it while others come and go', async () => {
  const { run, end, begun } = begin({ ...roomy, ownRunning: 1 })
  for (const name of ['a1', 'a2', 'a3', 'a4']) void run('a', name)
  for (const name of ['b1', 'b2', 'b3']) {
    void run('b', name)
    await settled()
    await end(name)
  }
  assert.deepEqual(begun, ['a1', 'b1', 'b2', 'b3'])
  for (const name of ['a1', 'a2', 'a3']) await end(name)
  assert.deepEqual(begun.slice(4), ['a2', 'a3', 'a4'])
})

test('NamespaceTurns lets namespaces that wait take turns', async () => {
  const { run, end, begun } = begin({ ...roomy, running: 1 })
  for (const name of ['a1', 'a2', 'a3']) void run('a', name)
  for (const name of ['b1', 'b2']) void run('b', name)
  for (const name of ['a1', 'a2', 'b1', 'a3']) await end(name)
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3', 'b2'])
})

test('NamespaceTurns keeps turns for namespaces that have none', async () => {
  const { run, begun } = begin({ ...roomy, running: 4, ownRunning: 4, firstOnly: 2 })
  for (const name of ['a1', 'a2', 'a3', 'a4']) void run('a', name)
  for (const name of ['b1', 'b2']) void run('b', name)
  void run('c', 'c1')
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'c1'])
})

test('NamespaceTurns refuses what exceeds a queue, but never the first of a namespace', async () => {
  const { run, end, begun } = begin({ running: 1, ownRunning: 1, waiting: 2, ownWaiting: 2 })
  for (const name of ['a1', 'a2', 'a3']) void run('a', name)
  await assert.rejects(run('a', 'a4'), TooManyWaiting)
  void run('b', 'b1')
  await assert.rejects(run('b', 'b2'), TooManyWaiting)
  for (const name of ['a1', 'a2']) await end(name)
  assert.deepEqual(begun, ['a1', 'a2', 'b1'])
})

test('NamespaceTurns forgets what is aborted while it waits', async () => {
  const { run, end, begun } = begin({ ...roomy, running: 1 })
  const cancelled = new AbortController()
  void run('a', 'a1')
  const second = run('a', 'a2', cancelled.signal)
  void run('a', 'a3')
  cancelled.abort(new Error('over'))
  await assert.rejects(second, /over/)
  await end('a1')
  assert.deepEqual(begun, ['a1', 'a3'])
})
