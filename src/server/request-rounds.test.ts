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
