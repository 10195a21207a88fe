import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from './clock.ts'
import { silentLogger } from './log.ts'
import { type NextTime, RepeatedWork } from './repeated-work.ts'

/** Each call waits for the test, which decides its result; sleeps are counted and end when cut short. */
function watched() {
  const stop = new AbortController()
  const calls: { key: string; end(next: NextTime): void; fail(err: Error): void }[] = []
  const sleeps: number[] = []
  let arrived = Promise.withResolvers<void>()
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (ms, signal) => {
      sleeps.push(ms)
      arrived.resolve()
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
    },
  }
  const work = new RepeatedWork(
    {
      ...{ name: 'test', clock, log: silentLogger },
      work: key => {
        const { promise, resolve, reject } = Promise.withResolvers<NextTime>()
        calls.push({ key, end: resolve, fail: reject })
        arrived.resolve()
        return promise
      },
    },
    stop.signal,
  )
  const until = async (is: () => boolean) => {
    while (!is()) {
      await arrived.promise
      arrived = Promise.withResolvers()
    }
  }
  return { work, calls, sleeps, stop, until }
}

test('due keys start with run(), and each key is worked on separately', async () => {
  const { work, calls, stop, until } = watched()
  work.due('a')
  assert.equal(calls.length, 0)
  const running = work.run()
  work.due('b')
  await until(() => calls.length === 2)
  assert.deepEqual(calls.map(({ key }) => key).sort(), ['a', 'b'])
  stop.abort()
  for (const { end } of calls) end('never')
  await running
})

test('a key that becomes due during its work is worked on again, once', async () => {
  const { work, calls, sleeps, stop, until } = watched()
  work.due('a')
  const running = work.run()
  await until(() => calls.length === 1)
  work.due('a')
  work.due('a')
  assert.equal(calls.length, 1)
  calls[0]?.end(1000)
  await until(() => calls.length === 2)
  calls[1]?.end(5000)
  await until(() => sleeps.length === 1)
  assert.deepEqual(sleeps, [5000])
  stop.abort()
  await running
})

test('a due key ends its pause; a failure is retried; the signal ends everything', async () => {
  const { work, calls, sleeps, stop, until } = watched()
  work.due('a')
  const running = work.run()
  await until(() => calls.length === 1)
  calls[0]?.fail(new Error('no'))
  await until(() => sleeps.length === 1)
  work.due('a')
  await until(() => calls.length === 2)
  calls[1]?.end('when due')
  stop.abort()
  await running
})
