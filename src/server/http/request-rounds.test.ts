import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { type ConnectionQueue, RequestRounds } from './request-rounds.ts'

test('RequestRounds begins a few at once and spreads a burst over rounds, in order', async () => {
  const rounds = new RequestRounds()
  const queue: ConnectionQueue = []
  const begun: number[] = []
  for (let i = 0; i < 20; i++) rounds.begin(queue, () => begun.push(i))
  assert.equal(begun.length, 8)
  await round()
  assert.equal(begun.length, 16)
  // Whoever comes while others wait is behind them.
  rounds.begin(queue, () => begun.push(20))
  assert.equal(begun.length, 16)
  await round()
  assert.deepEqual(
    begun,
    Array.from({ length: 21 }, (_, i) => i),
  )
  await round()
  rounds.begin(queue, () => begun.push(21))
  assert.equal(begun.length, 22)
})

test('RequestRounds lets connections take turns: a burst of one is not before all that others ask for', async () => {
  const rounds = new RequestRounds()
  const [burst, other, third]: ConnectionQueue[] = [[], [], []]
  assert.ok(burst && other && third)
  const begun: string[] = []
  for (let i = 0; i < 100; i++) rounds.begin(burst, () => begun.push(`burst ${i}`))
  for (let i = 0; i < 2; i++) rounds.begin(other, () => begun.push(`other ${i}`))
  rounds.begin(third, () => begun.push('third'))
  await round()
  assert.deepEqual(begun.slice(8), ['burst 8', 'other 0', 'third', 'burst 9', 'other 1', 'burst 10', 'burst 11', 'burst 12'])
  while (begun.length < 103) await round()
  assert.deepEqual(
    begun.filter(name => name.startsWith('burst')),
    Array.from({ length: 100 }, (_, i) => `burst ${i}`),
  )
})

test('RequestRounds spreads the ends of a client that goes away, beside what begins', async () => {
  const rounds = new RequestRounds()
  let ended = 0
  let begun = 0
  for (let i = 0; i < 100; i++) rounds.leave(() => ended++)
  rounds.begin([], () => begun++)
  assert.deepEqual([ended, begun], [64, 1])
  await round()
  assert.equal(ended, 100)
})
