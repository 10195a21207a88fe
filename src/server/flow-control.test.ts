import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../api/status.ts'
import { FlowControl } from './flow-control.ts'

const limits = { readOnly: 1, mutating: 1, queuedPerUser: 2, queued: 3, maxWaitMs: 60_000, watchesPerUser: 2, sessionsPerUser: 1 }
const signal = () => new AbortController().signal

test('acquire() gives a free seat at once and reads do not wait for writes', () => {
  const control = new FlowControl(limits)
  assert.equal(typeof control.acquire('a', false, signal), 'function')
  assert.equal(typeof control.acquire('a', true, signal), 'function')
  assert.deepEqual(control.inFlight, { readOnly: 1, mutating: 1, waiting: 0 })
})

test('acquire() serves waiting users in turn', async () => {
  const control = new FlowControl(limits)
  const first = await control.acquire('flood', false, signal)
  const order: string[] = []
  const run = async (flow: string) => {
    const release = await control.acquire(flow, false, signal)
    order.push(flow)
    release()
  }
  const all = [run('flood'), run('flood'), run('quiet')]
  first()
  await Promise.all(all)
  assert.deepEqual(order, ['flood', 'quiet', 'flood'])
  assert.equal(control.inFlight.readOnly, 0)
})

test('acquire() refuses with 429 where too many of one user wait', async () => {
  const control = new FlowControl(limits)
  const release = await control.acquire('a', false, signal)
  const waiting = [control.acquire('a', false, signal), control.acquire('a', false, signal)]
  assert.throws(
    () => control.acquire('a', false, signal),
    err => isReason(err, 'TooManyRequests') && err.status.details?.retryAfterSeconds === 1,
  )
  release()
  for (const next of waiting) (await next)()
})

test('acquire() forgets a request whose client is gone', async () => {
  const control = new FlowControl(limits)
  const release = await control.acquire('a', false, signal)
  const gone = new AbortController()
  const waiting = control.acquire('b', false, () => gone.signal)
  gone.abort(new Error('gone'))
  await assert.rejects(async () => waiting, /gone/)
  release()
  assert.deepEqual(control.inFlight, { readOnly: 0, mutating: 0, waiting: 0 })
})

test('acquire() refuses with 429 where too many wait in all, whoever they are', async () => {
  const control = new FlowControl(limits)
  const release = await control.acquire('a', false, signal)
  const waiting = ['b', 'c', 'd'].map(user => control.acquire(user, false, signal))
  assert.throws(
    () => control.acquire('e', false, signal),
    err => isReason(err, 'TooManyRequests'),
  )
  release()
  for (const next of waiting) (await next)()
})

test('acquire() refuses with 429 who has waited too long', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const control = new FlowControl(limits)
  await control.acquire('a', false, signal)
  const waiting = Promise.resolve(control.acquire('b', false, signal)).catch((err: unknown) => err)
  t.mock.timers.tick(limits.maxWaitMs)
  const outcome = await Promise.race([waiting, new Promise(resolve => setImmediate(resolve, 'still waiting'))])
  assert.ok(isReason(outcome, 'TooManyRequests'), String(outcome))
})

test('acquire() leaves a quarter of the free seats to others, however much one user asks', async () => {
  const control = new FlowControl({ ...limits, readOnly: 8, queuedPerUser: 10, queued: 20 })
  const flood = Array.from({ length: 10 }, () => control.acquire('flood', false, signal))
  assert.equal(flood.filter(seat => typeof seat === 'function').length, 6)
  // Two are free: the first asker gets one at once, and no more than his part of them.
  const quiet = [control.acquire('quiet', false, signal), control.acquire('quiet', false, signal), control.acquire('quiet', false, signal)]
  assert.deepEqual(
    quiet.map(seat => typeof seat),
    ['function', 'function', 'object'],
  )
  for (const seat of [...flood, ...quiet]) (await seat)()
  assert.deepEqual(control.inFlight, { readOnly: 0, mutating: 0, waiting: 0 })
})

test('openStream() counts the watches and sessions of each user until their end', () => {
  const control = new FlowControl(limits)
  const user = { name: 'a', groups: [] }
  const tooMany = (err: unknown) => isReason(err, 'TooManyRequests') && err.status.details?.retryAfterSeconds === 1
  const first = control.openStream(user, 'watch')
  control.openStream(user, 'watch')
  assert.throws(() => control.openStream(user, 'watch'), tooMany)
  control.openStream(user, 'session')
  assert.throws(() => control.openStream(user, 'session'), tooMany)
  control.openStream({ name: 'b', groups: [] }, 'watch')
  first()
  first()
  control.openStream(user, 'watch')
  assert.throws(() => control.openStream(user, 'watch'), tooMany)
})

test('openStream() bounds the sessions of an administrator and no watches of his or of the control plane', () => {
  const control = new FlowControl(limits)
  const admin = { name: 'admin', groups: ['system:masters'] }
  for (const user of [admin, { name: 'system:kube-scheduler', groups: [] }])
    for (let opened = 0; opened < 10; opened++) control.openStream(user, 'watch')
  control.openStream(admin, 'session')
  assert.throws(
    () => control.openStream(admin, 'session'),
    err => isReason(err, 'TooManyRequests'),
  )
})
