import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { processorMs } from './processor-time.ts'
import { turn, turnsMs, WorkBudget, yieldIfDue } from './turns.ts'

function work(ms: number): void {
  const until = processorMs() + ms
  while (processorMs() < until);
}

test('turn() resumes one waiting task per round, in the order of their calls', async () => {
  const went: string[] = []
  const worker = async (name: string): Promise<void> => {
    for (let i = 0; i < 2; i++) {
      await turn()
      went.push(name)
    }
  }
  const all = Promise.all(['a', 'b', 'c'].map(worker))
  await round()
  assert.deepEqual(went, ['a'])
  await round()
  assert.deepEqual(went, ['a', 'b'])
  await all
  assert.deepEqual(went, ['a', 'b', 'c', 'a', 'b', 'c'])
})

test('yieldIfDue() waits for a round only if the budget is spent, and then resets it', async () => {
  const budget = new WorkBudget(2)
  let rounds = 0
  const counting = (async () => {
    for (; rounds < 100; rounds++) await round()
  })()
  const steps: number[] = []
  for (let step = 0; step < 5; step++) {
    steps.push(rounds)
    budget.spend(1)
    await yieldIfDue(budget)
  }
  assert.deepEqual([steps[0], steps[1]], [0, 0])
  assert.ok((steps[2] ?? 0) >= 1 && steps[3] === steps[2] && (steps[4] ?? 0) > (steps[3] ?? 0), steps.join())
  await counting
})

test('yieldIfDue() with a shared budget delays only one of the tasks', async () => {
  const budget = new WorkBudget(1)
  const went: string[] = []
  const worker = async (name: string): Promise<void> => {
    await yieldIfDue(budget)
    went.push(name)
  }
  budget.spend(1)
  const all = Promise.all(['a', 'b', 'c'].map(worker))
  await Promise.resolve()
  await Promise.resolve()
  assert.deepEqual(went, ['b', 'c'])
  await all
})

test("yieldIfDue() rejects with its signal's reason, and does not read the signal unless it is due", async () => {
  const stop = new AbortController()
  const budget = new WorkBudget(1, stop.signal)
  stop.abort(new Error('too late'))
  await yieldIfDue(budget)
  budget.spend(1)
  await assert.rejects(yieldIfDue(budget), /too late/)
})

test('turn() gives others as much time as a long turn took, before the next one goes on', async () => {
  const before = turnsMs()
  let isOver = false
  const long = turn().then(() => work(12))
  const next = turn().then(() => {
    isOver = true
  })
  let rounds = 0
  while (!isOver) {
    await round()
    work(1)
    rounds++
  }
  await Promise.all([long, next])
  // Without the rest there is one round between the two. A collection of garbage counts as the others' time, so it may be fewer than twelve.
  assert.ok(rounds > 2, `${rounds}`)
  assert.ok(turnsMs() - before >= 12)
})
