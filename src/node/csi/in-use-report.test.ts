import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badRequest } from '../../api/status.ts'
import { systemClock } from '../../base/clock.ts'
import { createLogger } from '../../base/log.ts'
import { Client } from '../../client/client.ts'
import { nodes } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { InUseReport } from './in-use-report.ts'

/** A report whose retries take no time; `settings.inUse` is what the node's records say. */
function reportOf(settings: { inUse: () => Promise<readonly string[]> }) {
  const api = new FakeApi()
  api.seed(nodes, { metadata: { name: 'n1', uid: 'u' }, spec: {}, status: { volumesInUse: ['of an earlier agent'] } })
  const clock = { ...systemClock, sleep: () => new Promise<void>(resolve => setImmediate(resolve)) }
  const log = createLogger({ level: 'silent' })
  const report = new InUseReport({ inUse: () => settings.inUse(), client: new Client(api), nodeName: 'n1', clock, log })
  const written = () => api.requests.map(({ body }) => (body as { status: { volumesInUse: string[] } }).status.volumesInUse)
  return { api, report, written, listed: () => api.read(nodes, '', 'n1')?.status?.volumesInUse }
}

const { signal } = new AbortController()

/** The first write fails. */
function failOnce(api: FakeApi): void {
  api.refuse = () => {
    api.refuse = () => undefined
    throw badRequest('the store is full')
  }
}

test('InUseReport writes a list once, and again after a write that failed', async () => {
  const { api, report, written, listed } = reportOf({ inUse: async () => ['a'] })
  failOnce(api)
  await assert.rejects(report.write(signal), /the store is full/)
  await report.write(signal)
  await report.write(signal)
  assert.deepEqual(listed(), ['a'])
  assert.deepEqual(written(), [['a'], ['a']])
})

test('InUseReport.run() corrects what an earlier agent has left, although the first write fails', { timeout: 10_000 }, async () => {
  const { api, report, listed } = reportOf({ inUse: async () => [] })
  failOnce(api)
  const stop = new AbortController()
  const running = report.run(stop.signal)
  while (listed()?.length !== 0) await new Promise(resolve => setImmediate(resolve))
  stop.abort()
  await running
})

test('InUseReport.run() reports again to a Node that was made again', { timeout: 10_000 }, async () => {
  const { api, report, listed } = reportOf({ inUse: async () => ['a'] })
  let uid = 'u'
  const stop = new AbortController()
  const running = report.run(stop.signal, () => uid)
  while (listed()?.[0] !== 'a') await new Promise(resolve => setImmediate(resolve))
  api.remove(nodes, '', 'n1')
  api.seed(nodes, { metadata: { name: 'n1', uid: 'again' }, spec: {} })
  uid = 'again'
  while (listed()?.[0] !== 'a') await new Promise(resolve => setImmediate(resolve))
  stop.abort()
  await running
})

test('InUseReport reads the second of two lists when the first is written, so that the older is never the last', async () => {
  const gate = Promise.withResolvers<void>()
  const lists = [['a'], ['a', 'b']]
  const settings = {
    inUse: async () => {
      const list = lists.shift() ?? assert.fail('read too often')
      if (list.length === 1) await gate.promise
      return list
    },
  }
  const { report, written, listed } = reportOf(settings)
  const both = [report.write(signal), report.write(signal)]
  await new Promise(resolve => setImmediate(resolve))
  gate.resolve()
  await Promise.all(both)
  assert.deepEqual(written(), [['a'], ['a', 'b']])
  assert.deepEqual(listed(), ['a', 'b'])
})
