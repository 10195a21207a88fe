import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { RequestRounds } from './request-rounds.ts'

test('RequestRounds begins a few at once and spreads a burst over rounds, in order', async () => {
  const rounds = new RequestRounds()
  const begun: number[] = []
  for (let i = 0; i < 20; i++) rounds.begin(() => begun.push(i))
  assert.equal(begun.length, 8)
  await round()
  assert.equal(begun.length, 16)
  // Whoever comes while others wait is behind them.
  rounds.begin(() => begun.push(20))
  assert.equal(begun.length, 16)
  await round()
  assert.deepEqual(
    begun,
    Array.from({ length: 21 }, (_, i) => i),
  )
  await round()
  rounds.begin(() => begun.push(21))
  assert.equal(begun.length, 22)
})

test('RequestRounds spreads the ends of a client that goes away, beside what begins', async () => {
  const rounds = new RequestRounds()
  let ended = 0
  let begun = 0
  for (let i = 0; i < 100; i++) rounds.leave(() => ended++)
  rounds.begin(() => begun++)
  assert.deepEqual([ended, begun], [64, 1])
  await round()
  assert.equal(ended, 100)
})
