import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExternalWait } from './external-wait.ts'

test('ExternalWait adds successive waits, counts simultaneous ones once, and includes failed ones', async () => {
  let time = 0
  const wait = new ExternalWait({ monotonic: () => time })
  const takes = async (ms: number, begin: Promise<unknown> = Promise.resolve()) => {
    await begin
    time += ms
  }
  await wait.during(takes(10))
  await takes(100)
  const held = Promise.withResolvers<void>()
  const first = wait.during(takes(2))
  const second = wait.during(held.promise)
  await first
  assert.equal(wait.ms, 10)
  time += 5
  held.reject(new Error('the webhook is down'))
  await assert.rejects(second, /down/)
  assert.equal(wait.ms, 17)
})
