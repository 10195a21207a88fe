import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RetryAfter } from './retry-after.ts'

function refuse(retry: RetryAfter, from: number, seconds: number, aSecond: number): void {
  for (let second = from; second < from + seconds; second++) for (let one = 0; one < aSecond; one++) retry.refused(second * 1000)
}

test('RetryAfter doubles while many requests are rejected, up to 32 seconds, and once per burst', () => {
  const retry = new RetryAfter()
  assert.equal(retry.seconds, 1)
  refuse(retry, 0, 2, 10)
  assert.equal(retry.seconds, 2)
  refuse(retry, 2, 1, 10)
  assert.equal(retry.seconds, 2)
  refuse(retry, 3, 200, 10)
  assert.equal(retry.seconds, 32)
})

test('RetryAfter decreases by one second at a time when few requests are rejected', () => {
  const retry = new RetryAfter()
  refuse(retry, 0, 10, 10)
  const high = retry.seconds
  assert.ok(high >= 4)
  for (let second = 200; second < 200 + 20 * high; second += 20) refuse(retry, second, 1, 1)
  assert.equal(retry.seconds, 1)
})
