import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadline, untilAborted } from './abort.ts'

const never = () => new Promise<string>(() => undefined)

test('a result before the signal is the outcome, and the signal has no listener left', async () => {
  const stop = new AbortController()
  let listeners = 0
  stop.signal.addEventListener = new Proxy(stop.signal.addEventListener, { apply: () => listeners++ })
  stop.signal.removeEventListener = new Proxy(stop.signal.removeEventListener, { apply: () => listeners-- })
  assert.equal(await untilAborted(Promise.resolve('a'), stop.signal), 'a')
  await assert.rejects(untilAborted(Promise.reject(new Error('failed')), stop.signal), /failed/)
  assert.equal(listeners, 0)
})

test('a signal ends the wait with its reason, also one that was already aborted', async () => {
  const stop = new AbortController()
  const waiting = untilAborted(never(), stop.signal)
  stop.abort(new Error('stopped'))
  await assert.rejects(waiting, /stopped/)
  await assert.rejects(untilAborted(Promise.resolve('a'), stop.signal), /stopped/)
})

test('a deadline aborts after its time, and stops waiting once it is disposed', async () => {
  const waits: { end: () => void; signal: AbortSignal | undefined; ms: number }[] = []
  const sleep = (ms: number, signal?: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    signal?.addEventListener('abort', () => reject(signal.reason))
    waits.push({ end: resolve, signal, ms })
    return promise
  }
  const clock = { now: () => 0, monotonic: () => 0, sleep }
  const late = deadline(clock, 30)
  assert.equal(waits[0]?.ms, 30)
  const aborted = new Promise(resolve => late.signal.addEventListener('abort', resolve))
  waits[0]?.end()
  await aborted
  const early = deadline(clock, 30)
  early[Symbol.dispose]()
  assert.equal(waits[1]?.signal?.aborted, true)
  assert.equal(early.signal.aborted, false)
})
