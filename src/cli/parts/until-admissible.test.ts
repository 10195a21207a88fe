import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiError } from '../../api/status.ts'
import { untilAnswered } from './wait-for-admission.ts'

const clock = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() }

const asking = (...failures: Error[]) => {
  const left = [...failures]
  return async () => {
    const failure = left.shift()
    if (failure !== undefined) throw failure
    return left.length
  }
}

test('untilAnswered() retries while the server is killed, busy or full', async () => {
  const ask = asking(
    apiError(404, 'NotFound', 'serviceaccounts "default" not found'),
    new Error('connect ECONNREFUSED'),
    apiError(500, 'InternalError', 'writes are refused'),
    apiError(429, 'TooManyRequests', 'too many requests'),
  )
  await untilAnswered(ask, clock, AbortSignal.timeout(60_000))
  assert.equal(await ask(), 0)
})

test('untilAnswered() ends with a refusal, and with its signal', async () => {
  const refusal = apiError(403, 'Forbidden', 'no')
  await assert.rejects(untilAnswered(asking(refusal), clock, AbortSignal.timeout(60_000)), refusal)
  const stop = new AbortController()
  const ended = untilAnswered(
    () => {
      stop.abort('stop')
      throw new Error('connect ECONNREFUSED')
    },
    clock,
    stop.signal,
  )
  assert.equal(await ended, undefined)
})
