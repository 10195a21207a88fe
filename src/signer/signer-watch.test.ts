import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../base/log.ts'
import { FakeClock } from '../client/testing/fake-clock.ts'
import type { TokenKey } from './signer.ts'
import { SignerWatch } from './signer-watch.ts'

test('SignerWatch reports a signer that does not answer or fails, until it answers again', async () => {
  const clock = new FakeClock()
  const stop = new AbortController()
  let answer = Promise.withResolvers<readonly TokenKey[]>()
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const watch = new SignerWatch({ signer: { tokenKeys: () => answer.promise }, clock, log: silentLogger })
  assert.equal(watch.check(), undefined)
  const running = watch.run(stop.signal)
  await clock.advance(4999)
  assert.equal(watch.check(), undefined)
  await clock.advance(1)
  assert.equal(watch.check(), 'the signer does not answer')
  answer.resolve([])
  await turn()
  assert.equal(watch.check(), undefined)
  answer = Promise.withResolvers()
  answer.reject(new Error('refused'))
  await clock.advance(2000)
  await turn()
  assert.equal(watch.check(), 'the signer failed')
  answer = Promise.withResolvers()
  await clock.advance(2000)
  answer.resolve([])
  await turn()
  assert.equal(watch.check(), undefined)
  stop.abort('stop')
  await running
})
