import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FairQueue } from './fair-queue.ts'

const limits = { items: 10, bytes: 100, ownItems: 6 }
function filled(...entries: readonly string[]): FairQueue<string> {
  const queue = new FairQueue<string>(limits)
  for (const entry of entries) assert.ok(queue.add(entry.slice(0, 1), entry, 10))
  return queue
}

test('FairQueue takes one item of each owner in turn, each owner in its own order', () => {
  const queue = filled('a1', 'a2', 'a3', 'b1', 'c1', 'c2')
  assert.deepEqual(queue.take(4, 1000), ['a1', 'b1', 'c1', 'a2'])
  assert.deepEqual(queue.take(9, 1000), ['c2', 'a3'])
  assert.equal(queue.size, 0)
})

test('FairQueue takes at most the given items and bytes, but always the first item', () => {
  const queue = filled('a1', 'a2', 'b1', 'b2')
  assert.deepEqual(queue.take(9, 25), ['a1', 'b1'])
  assert.deepEqual(queue.take(1, 1000), ['a2'])
  assert.deepEqual(queue.take(9, 1), ['b2'])
  assert.deepEqual(queue.take(9, 1), [])
})

test('FairQueue limits items, bytes and the items of one owner', () => {
  const own = filled('a1', 'a2', 'a3', 'a4', 'a5', 'a6')
  assert.equal(own.add('a', 'a7', 1), false)
  assert.equal(own.add('b', 'b1', 41), false)
  assert.equal(own.add('b', 'b1', 40), true)
  const all = filled('a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'b3', 'b4', 'b5')
  assert.equal(all.add('c', 'c1', 0), false)
  all.remove('b', 'b3')
  assert.equal(all.add('c', 'c1', 0), true)
  assert.deepEqual(all.take(5, 1000), ['a1', 'b1', 'c1', 'a2', 'b2'])
})
