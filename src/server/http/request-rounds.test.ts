import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { processorMs } from '../../base/async/processor-time.ts'
import { turn } from '../../base/async/turns.ts'
import { type ConnectionQueue, RequestRounds } from './request-rounds.ts'

test('RequestRounds begins a few at once and spreads a burst over rounds, in order', async () => {
  const rounds = new RequestRounds(() => 0)
  const queue: ConnectionQueue = []
  const begun: number[] = []
  for (let i = 0; i < 20; i++) rounds.begin(queue, () => begun.push(i))
  assert.equal(begun.length, 8)
  await round()
  assert.equal(begun.length, 16)
  // A request that arrives while others wait comes after them.
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

test('RequestRounds alternates between connections: a burst of one does not delay all requests of others', async () => {
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

test('RequestRounds spreads the ends of a client that disconnects, in addition to the beginnings', async () => {
  const rounds = new RequestRounds()
  let ended = 0
  let begun = 0
  for (let i = 0; i < 100; i++) rounds.leave(() => ended++)
  rounds.begin([], () => begun++)
  assert.deepEqual([ended, begun], [64, 1])
  await round()
  assert.equal(ended, 100)
})

test('RequestRounds begins one costly request a round, and lets the connection go first whose requests cost less', async () => {
  let now = 0
  const rounds = new RequestRounds(() => now)
  const costly: ConnectionQueue[] = [[], [], [], []]
  const cheap: ConnectionQueue = []
  const begun: string[] = []
  for (let i = 0; i < 40; i++)
    for (const queue of costly)
      rounds.begin(queue, () => {
        begun.push('costly')
        now += 20
      })
  // The eight that began at once, then one by one.
  for (const expected of [8, 9, 10, 11, 12]) {
    assert.equal(begun.length, expected)
    await round()
  }
  // Each cheap request waits for one costly request at most, however many connections the others have.
  for (let i = 0; i < 10; i++) {
    const before = begun.length
    rounds.begin(cheap, () => begun.push('cheap'))
    await round()
    await round()
    const since = begun.slice(before)
    assert.ok(since.includes('cheap'), since.join())
    assert.ok(since.length <= 3, since.join())
  }
  // Nobody starves: the others have their turns in between.
  while (begun.length < 170) await round()
  assert.equal(begun.filter(name => name === 'costly').length, 160)
})

test('RequestRounds begins as many as before once requests are cheap again', async () => {
  let now = 0
  const rounds = new RequestRounds(() => now)
  const queue: ConnectionQueue = []
  let begun = 0
  for (let i = 0; i < 20; i++)
    rounds.begin(queue, () => {
      begun++
      now += 20
    })
  while (begun < 20) await round()
  for (let i = 0; i < 100; i++) rounds.begin(queue, () => begun++)
  const perRound: number[] = []
  while (begun < 120) {
    const before = begun
    await round()
    perRound.push(begun - before)
  }
  assert.ok(perRound.includes(8), perRound.join())
})

test('RequestRounds gives a connection that comes back after a pause its share, and no more', async () => {
  let now = 0
  const rounds = new RequestRounds(() => now)
  const [busy, back]: ConnectionQueue[] = [[], []]
  assert.ok(busy && back)
  const begun: string[] = []
  const ask = (queue: ConnectionQueue, name: string) =>
    rounds.begin(queue, () => {
      begun.push(name)
      now += 20
    })
  for (let i = 0; i < 8; i++) ask(back, 'back')
  for (let i = 0; i < 200; i++) ask(busy, 'busy')
  while (begun.length < 100) await round()
  for (let i = 0; i < 40; i++) ask(back, 'back')
  const before = begun.length
  while (begun.length < before + 20) await round()
  const backs = begun.slice(before).filter(name => name === 'back').length
  assert.ok(backs >= 8 && backs <= 12, `${backs} of 20`)
})

test('RequestRounds begins as many beside long turns of large requests: fewer would not make these any shorter', async () => {
  const rounds = new RequestRounds()
  let isOver = false
  const large = (async () => {
    while (!isOver) {
      await turn()
      const until = processorMs() + 12
      while (processorMs() < until);
    }
  })()
  const queue: ConnectionQueue = []
  let begun = 0
  for (let i = 0; i < 20; i++) {
    for (let sent = 0; sent < 10; sent++) rounds.begin(queue, () => begun++)
    await round()
  }
  isOver = true
  await large
  assert.ok(begun >= 19 * 8, `${begun}`)
})
