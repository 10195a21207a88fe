import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressTurns } from './address-turns.ts'

test('AddressTurns gives each number once, and freed ones in their order when all were given', () => {
  const turns = new AddressTurns(5, 8)
  const taken = new Set([6])
  const next = (): number | undefined => {
    const number = turns.next(candidate => !taken.has(candidate))
    if (number !== undefined) taken.add(number)
    return number
  }
  const free = (number: number): void => {
    taken.delete(number)
    turns.free(number)
  }
  assert.deepEqual([next(), next()], [5, 7])
  free(5)
  assert.equal(next(), 8)
  free(7)
  free(6)
  free(99)
  assert.deepEqual([next(), next(), next(), next()], [5, 7, 6, undefined])
  free(8)
  assert.deepEqual([next(), next()], [8, undefined])
})

test('AddressTurns passes over a freed number that somebody chose meanwhile, and gives it when it is freed again', () => {
  const turns = new AddressTurns(1, 1)
  assert.equal(
    turns.next(() => true),
    1,
  )
  turns.free(1)
  assert.equal(
    turns.next(() => false),
    undefined,
  )
  turns.free(1)
  assert.equal(
    turns.next(() => true),
    1,
  )
})

test('AddressTurns looks at no number twice without its being freed, however full the range is', () => {
  const size = 20_000
  const turns = new AddressTurns(0, size - 1)
  let looks = 0
  const next = (): number | undefined =>
    turns.next(() => {
      looks++
      return true
    })
  for (let number = 0; number < size; number++) assert.equal(next(), number)
  for (let round = 0; round < size; round++) {
    assert.equal(next(), undefined)
    turns.free(round)
    assert.equal(next(), round)
  }
  assert.equal(looks, 2 * size)
})

test('AddressTurns of nothing gives nothing', () => {
  assert.equal(
    new AddressTurns(1, 0).next(() => true),
    undefined,
  )
})
