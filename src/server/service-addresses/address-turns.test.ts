import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressTurns } from './address-turns.ts'

test('AddressTurns returns each number once, and then freed ones in order', () => {
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

test('AddressTurns skips a freed number that was taken meanwhile, and returns it when it is freed again', () => {
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

test('AddressTurns checks no number twice unless it was freed, however full the range is', () => {
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

test('AddressTurns of an empty range returns nothing', () => {
  assert.equal(
    new AddressTurns(1, 0).next(() => true),
    undefined,
  )
})
