import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dealHand, flowHash } from './shuffle-shard.ts'

const shape = fc
  .integer({ min: 1, max: 200 })
  .chain(queues => fc.record({ queues: fc.constant(queues), hand: fc.integer({ min: 1, max: Math.min(8, queues) }) }))

test('dealHand() deals distinct existing queues, and the same ones for the same hash', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), shape, (hash, { queues, hand }) => {
      const dealt = dealHand(hash, queues, hand)
      assert.equal(new Set(dealt).size, hand)
      assert.ok(dealt.every(index => index >= 0 && index < queues))
      assert.deepEqual(dealHand(hash, queues, hand), dealt)
    }),
  )
})

test('dealHand() distributes queues evenly at every position of the hand', () => {
  const [queues, hand, flows] = [16, 4, 8000]
  const at = Array.from({ length: hand }, () => Array.from({ length: queues }, () => 0))
  for (let flow = 0; flow < flows; flow++) {
    dealHand(flowHash('schema', `user-${flow}`), queues, hand).forEach((index, place) => {
      const counts = at[place]
      if (counts) counts[index] = (counts[index] ?? 0) + 1
    })
  }
  for (const counts of at) for (const count of counts) assert.ok(Math.abs(count - flows / queues) < flows / queues / 4, String(count))
})

test('dealHand() deals every hand once over the smallest hashes', () => {
  const hands = new Set(Array.from({ length: 5 * 4 }, (_, hash) => dealHand(BigInt(hash), 5, 2).join()))
  assert.equal(hands.size, 20)
})

test('flowHash() separates schema and distinguisher', () => {
  assert.notEqual(flowHash('a', 'bc'), flowHash('ab', 'c'))
})
