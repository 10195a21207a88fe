import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../client/testing/fake-clock.ts'
import { silentLogger } from './log.ts'
import { PartWatch } from './part-watch.ts'

test('PartWatch reports a part that does not answer or fails, until it answers again', async () => {
  const clock = new FakeClock()
  const stop = new AbortController()
  let answer = Promise.withResolvers<void>()
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const watch = new PartWatch({ name: 'the signer', ask: () => answer.promise, clock, log: silentLogger })
  assert.equal(watch.check(), undefined)
  const running = watch.run(stop.signal)
  await clock.advance(4999)
  assert.equal(watch.check(), undefined)
  await clock.advance(1)
  assert.equal(watch.check(), 'the signer does not answer')
  answer.resolve()
  await turn()
  assert.equal(watch.check(), undefined)
  answer = Promise.withResolvers()
  answer.reject(new Error('refused'))
  await clock.advance(2000)
  await turn()
  assert.equal(watch.check(), 'the signer failed')
  answer = Promise.withResolvers()
  await clock.advance(2000)
  answer.resolve()
  await turn()
  assert.equal(watch.check(), undefined)
  stop.abort('stop')
  await running
})

test('PartWatch logs a part that fails twice in a row, not one that breaks a request when it is stopped', async () => {
  const clock = new FakeClock()
  const stop = new AbortController()
  const lines: string[] = []
  const log = { ...silentLogger, error: (message: string) => void lines.push(message) }
  const watch = new PartWatch({ name: 'the signer', ask: () => Promise.reject(new Error('broken')), clock, log })
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const running = watch.run(stop.signal)
  await turn()
  assert.deepEqual([watch.check(), lines], ['the signer failed', []])
  await clock.advance(2000)
  await turn()
  assert.deepEqual(lines, ['cannot reach the signer'])
  stop.abort('stop')
  await running
})
