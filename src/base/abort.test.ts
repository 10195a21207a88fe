import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilAborted } from './abort.ts'

const never = () => new Promise<string>(() => undefined)

test('what comes before the signal is the outcome, and nothing listens to the signal any more', async () => {
  const stop = new AbortController()
  let listeners = 0
  stop.signal.addEventListener = new Proxy(stop.signal.addEventListener, { apply: () => listeners++ })
  stop.signal.removeEventListener = new Proxy(stop.signal.removeEventListener, { apply: () => listeners-- })
  assert.equal(await untilAborted(Promise.resolve('a'), stop.signal), 'a')
  await assert.rejects(untilAborted(Promise.reject(new Error('failed')), stop.signal), /failed/)
  assert.equal(listeners, 0)
})

test('a signal ends the wait with its reason, also one that was there before', async () => {
  const stop = new AbortController()
  const waiting = untilAborted(never(), stop.signal)
  stop.abort(new Error('stopped'))
  await assert.rejects(waiting, /stopped/)
  await assert.rejects(untilAborted(Promise.resolve('a'), stop.signal), /stopped/)
})
