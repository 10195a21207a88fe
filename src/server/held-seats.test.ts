import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry, type Registry } from '../base/metrics/metrics.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { answerOf, TestServer } from './testing.ts'

async function seatsTaken(metrics: Registry): Promise<number> {
  const counts = (await metrics.metrics()).matchAll(/current_executing_requests\{[^}]*\} (\d+)/g)
  return Array.from(counts, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0)
}

test('handle() keeps the seat of a large answer until it is read, and of no other', async () => {
  const metrics = createRegistry()
  await using api = new TestServer({ metrics })
  const url = '/api/v1/namespaces/a/configmaps'
  await api.create(url, { metadata: { name: 'large' }, data: { a: 'x'.repeat(100_000) } })
  await api.create(url, { metadata: { name: 'small' } })
  const identity = { name: 'x', groups: [] }
  const taken = () => seatsTaken(metrics)
  const small = await answerOf(api.server.handle, { url: `${url}/small`, identity })
  assert.equal(await taken(), 0)
  const large = await answerOf(api.server.handle, { url: `${url}/large?pretty=true`, identity })
  assert.equal(await taken(), 1)
  for (const { done } of [small, large]) done({ bytes: 0, cut: true })
  assert.equal(await taken(), 0)
})

/** A watch of three large objects, whose reader takes the first piece and waits for `read`. */
async function unreadWatch(api: TestServer) {
  const url = '/api/v1/namespaces/a/configmaps'
  for (const name of ['a', 'b', 'c']) await api.create(url, { metadata: { name }, data: { a: 'x'.repeat(100_000) } })
  const reply = await answerOf(api.server.handle, { url: `${url}?watch=1`, identity: { name: 'x', groups: [] } })
  assert.ok(typeof reply.body === 'function')
  const { promise: drained, resolve: read } = Promise.withResolvers<void>()
  const stop = new AbortController()
  const running = reply.body({ write: () => false, drained: () => drained }, stop.signal)
  const end = async (): Promise<void> => {
    stop.abort()
    read()
    await running.catch(() => undefined)
    reply.done({ bytes: 0, cut: true })
  }
  return { read, end }
}

test('handle() keeps the seat of a watch until existing objects are sent', async () => {
  const metrics = createRegistry()
  await using api = new TestServer({ metrics })
  const { read, end } = await unreadWatch(api)
  assert.equal(await seatsTaken(metrics), 1)
  read()
  await until(async () => (await seatsTaken(metrics)) === 0, 'the seat is free')
  await end()
})

test('handle() keeps the seat of a watch whose reader stalls for a minute', async t => {
  const metrics = createRegistry()
  await using api = new TestServer({ metrics })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { end } = await unreadWatch(api)
  t.mock.timers.tick(59_999)
  assert.equal(await seatsTaken(metrics), 1)
  t.mock.timers.tick(1)
  assert.equal(await seatsTaken(metrics), 0)
  await end()
})
