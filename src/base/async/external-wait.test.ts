import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExternalWait } from './external-wait.ts'

test('ExternalWait counts waits one after the other, those at the same time once, and those that fail', async () => {
  let time = 0
  const clock = { monotonic: () => time }
  const away = new ExternalWait()
  const takes = async (ms: number, wait: Promise<unknown> = Promise.resolve()) => {
    await wait
    time += ms
  }
  await away.during(takes(10), clock)
  await takes(100)
  const held = Promise.withResolvers<void>()
  const first = away.during(takes(2), clock)
  const second = away.during(held.promise, clock)
  await first
  assert.equal(away.ms, 10)
  time += 5
  held.reject(new Error('the webhook is away'))
  await assert.rejects(second, /away/)
  assert.equal(away.ms, 17)
})
