import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerChoice } from './server-choice.ts'

const [one, two, three] = ['https://192.0.2.1:6443', 'https://192.0.2.2:6443', 'https://192.0.2.3:6443'] as const

test('ServerChoice uses the next server when one does not answer, and comes back to the first', () => {
  const choice = new ServerChoice(`${one}/`, [two])
  assert.equal(choice.current, one)
  choice.failed(one)
  assert.equal(choice.current, two)
  // Somebody else noticed earlier.
  choice.failed(one)
  assert.equal(choice.current, two)
  choice.failed(two)
  assert.equal(choice.current, one)
})

test('ServerChoice keeps the first server, and leaves one that is no longer listed', () => {
  const choice = new ServerChoice(one)
  let changes = 0
  choice.onChange(() => changes++)
  choice.set([two, three])
  choice.set([two, three])
  assert.equal(changes, 1)
  choice.failed(one)
  choice.set([three])
  assert.deepEqual([choice.current, choice.all], [one, [one, three]])
  choice.set(Array.from({ length: 100 }, (_, index) => `https://192.0.2.${index}:1`))
  assert.equal(choice.all.length, 9)
  assert.equal(choice.all[0], one)
})
