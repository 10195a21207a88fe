import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, within } from './until.ts'

/** Time passes only in sleep. */
function testClock() {
  let now = 0
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted()
    now += ms
  }
  return { monotonic: () => now, sleep }
}
const never = new AbortController().signal

test('until() asks until there is an answer', async () => {
  const clock = testClock()
  assert.equal(await until(clock, async () => (clock.monotonic() >= 100 ? 'late' : undefined), never), 'late')
  assert.equal(clock.monotonic(), 100)
  assert.equal(await until(clock, () => false, never), false, 'false is an answer')
})

test('until() ends with the reason of its signal', async () => {
  await assert.rejects(
    until(testClock(), () => undefined, AbortSignal.abort(new Error('over'))),
    /over/,
  )
})

test('within() returns undefined after its limit, and asks at least once', async () => {
  const clock = testClock()
  let asked = 0
  const ask = async (): Promise<undefined> => {
    asked++
  }
  assert.equal(await within(100, clock, ask, never, 50), undefined)
  assert.equal(asked, 3)
  assert.equal(await within(0, clock, () => 'at once', never), 'at once')
})
