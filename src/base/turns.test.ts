import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { turn } from './turns.ts'

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
