import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { atOnce, inTurns, turn } from './turns.ts'

test('turn() lets one go on in each round, in the order in which they asked', async () => {
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

function* work(steps: number, done: number[] = []): Generator<void, string> {
  for (let i = 0; i < steps; i++) {
    done.push(i)
    yield
  }
  return 'done'
}

test('inTurns() gives at once what yields nothing, and does one step in each round of what does', async () => {
  const signal = new AbortController().signal
  assert.equal(inTurns(work(0), signal), 'done')
  const steps: number[] = []
  const pending = inTurns(work(2, steps), signal)
  assert.deepEqual(steps, [0])
  await round()
  assert.deepEqual(steps, [0, 1])
  assert.equal(await pending, 'done')
})

test('atOnce() does all steps', () => {
  const steps: number[] = []
  assert.equal(atOnce(work(3, steps)), 'done')
  assert.deepEqual(steps, [0, 1, 2])
})

test('inTurns() goes on with nothing once its signal is aborted', async () => {
  const stop = new AbortController()
  const steps: number[] = []
  const pending = inTurns(work(5, steps), stop.signal)
  stop.abort(new Error('too late'))
  await assert.rejects(async () => pending, /too late/)
  assert.deepEqual(steps, [0])
})
