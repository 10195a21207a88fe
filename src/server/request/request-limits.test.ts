import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import { collectBody, maxBodyMs } from '../http/collect-body.ts'
import { drainsOf, maxStallMs, untilDrained } from '../http/drained.ts'
import { TestServer } from '../testing.ts'
import { parseQuery } from './query.ts'

test('collectBody() gives up a body that takes too long, however steadily it comes', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = new PassThrough()
  const body = collectBody(stream, 1000, undefined)
  stream.write('a')
  t.mock.timers.tick(maxBodyMs - 1)
  stream.write('b')
  t.mock.timers.tick(1)
  const outcome = await Promise.race([body.catch((err: unknown) => err), new Promise(resolve => setImmediate(resolve, 'still waiting'))])
  assert.ok(isReason(outcome, 'Timeout'), String(outcome))
})

test('collectBody() takes a body that is in time', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = new PassThrough()
  const body = collectBody(stream, 1000, undefined)
  stream.end('whole')
  assert.equal((await body).toString(), 'whole')
  t.mock.timers.tick(maxBodyMs)
})

test('collectBody() gives up at once if the client disconnected before the body was read', async () => {
  const stream = new PassThrough()
  stream.destroy()
  const outcome = await Promise.race([
    collectBody(stream, 1000, undefined).catch((err: unknown) => err),
    new Promise(resolve => setImmediate(resolve, 'still waiting')),
  ])
  assert.ok(isReason(outcome, 'BadRequest'), String(outcome))
})

test('untilDrained() gives up a client that does not read, and waits indefinitely without a limit', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = new PassThrough()
  const limited = untilDrained(drainsOf(stream), new AbortController().signal, maxStallMs).catch((err: unknown) => String(err))
  const unlimited = untilDrained(drainsOf(stream), new AbortController().signal)
  t.mock.timers.tick(maxStallMs)
  assert.equal(
    await Promise.race([limited, new Promise(resolve => setImmediate(resolve, 'still waiting'))]),
    'Error: the client does not read its answer',
  )
  assert.equal(stream.listenerCount('drain'), 1)
  stream.emit('drain')
  await unlimited
})

test('parseQuery() refuses more than 1000 parameters instead of leaving some out', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => (at % 2 === 0 ? `a=${at}` : `b${at}=`)).join('&')
  assert.equal(parseQuery(`${many(999)}&dryRun=All`).get('dryRun'), 'All')
  assert.throws(
    () => parseQuery(`${many(1000)}&dryRun=All`),
    err => isReason(err, 'BadRequest'),
  )
})

test('a field manager of more than 128 characters is refused', async () => {
  await using api = new TestServer()
  const create = (name: string, manager: string) =>
    api.request('POST', `/api/v1/namespaces/default/configmaps?fieldManager=${manager}`, { metadata: { name } })
  assert.equal((await create('a', 'm'.repeat(128))).status, 201)
  assert.equal((await create('b', 'm'.repeat(129))).status, 422)
})
