import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GracePeriod } from './grace-period.ts'

const never = new AbortController().signal
const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

test('GracePeriod begins to stop again when the period is shortened, and not when it is prolonged', async () => {
  const period = new GracePeriod()
  const tried: number[] = []
  const stopped = period.run(30, never, async (grace, signal) => {
    tried.push(grace)
    if (grace > 1) await untilAborted(signal)
  })
  period.shorten(40)
  period.shorten(30)
  assert.deepEqual(tried, [30])
  period.shorten(1)
  await stopped
  assert.deepEqual(tried, [30, 1])
})

test('GracePeriod rejects with a failure, and with the signal', async () => {
  const period = new GracePeriod()
  await assert.rejects(
    period.run(30, never, async () => Promise.reject(new Error('no runtime'))),
    /no runtime/,
  )
  const stopping = new AbortController()
  const run = period.run(30, stopping.signal, (_grace, signal) => untilAborted(signal))
  stopping.abort(new Error('the agent stops'))
  await assert.rejects(run, /the agent stops/)
})
