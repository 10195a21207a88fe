import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { untilAborted } from '../../base/async/abort.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { Client } from '../client.ts'
import { resourceRef } from '../resource-ref.ts'
import { FakeApi } from '../testing/fake-api.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { AnswerTooLarge, type Transport } from '../transport/transport.ts'
import { Informer } from './informer.ts'
import { ownerIndex, ownerUids } from './object-cache.ts'

interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}
const configMaps = resourceRef<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap')

function start(t: { after(fn: () => void): void }, api: Transport, metadataOnly = false) {
  const stop = new AbortController()
  const informer = new Informer({
    client: new Client(api),
    resource: configMaps,
    metadataOnly,
    clock: systemClock,
    log: silentLogger,
    random: () => 0,
  })
  const seen: string[] = []
  const waiting: { text: string; resolve: () => void }[] = []
  const note = (text: string) => {
    seen.push(text)
    for (const waiter of waiting) if (waiter.text === text) waiter.resolve()
  }
  informer.onChange({
    add: ({ metadata }) => note(`add ${metadata.name}`),
    update: ({ metadata, data }) => note(`update ${metadata.name} ${data?.['k'] ?? ''}`),
    delete: ({ metadata }) => note(`delete ${metadata.name}`),
  })
  const until = async (text: string) => {
    if (!seen.includes(text)) await new Promise<void>(resolve => waiting.push({ text, resolve }))
  }
  const running = informer.run(stop.signal)
  t.after(async () => {
    stop.abort()
    await running
  })
  return { informer, seen, until, signal: stop.signal }
}

const named = (name: string, more: Partial<ConfigMap> = {}): ConfigMap => ({
  ...more,
  metadata: { ...more.metadata, name, namespace: 'ns' },
})

test('Informer follows additions, changes and deletions', async t => {
  const api = new FakeApi()
  api.seed(configMaps, named('a'))
  const { informer, seen, until, signal } = start(t, api)
  await informer.synced(signal)
  api.seed(configMaps, named('b'))
  api.change(configMaps, 'ns', 'a', object => {
    object.data = { k: 'v' }
  })
  api.remove(configMaps, 'ns', 'b')
  await until('delete b')
  assert.deepEqual(seen, ['add a', 'add b', 'update a v', 'delete b'])
  assert.equal(informer.get('ns', 'a')?.data?.['k'], 'v')
  assert.equal(informer.get('ns', 'b'), undefined)
})

test('Informer reads all pages', async t => {
  const api = new FakeApi()
  for (let i = 0; i < 1203; i++) api.seed(configMaps, named(`m${i}`))
  const { informer, signal } = start(t, api)
  await informer.synced(signal)
  assert.equal(informer.list('ns').length, 1203)
})

test('Informer reconnects at once after a long quiet watch, however many failures came before', async t => {
  const api = new FakeApi()
  const clock = new FakeClock()
  let listening = false
  let cut: (err: Error) => void = () => undefined
  const transport: Transport = {
    async request(request, signal) {
      if (request.stream !== true) return api.request(request, signal)
      if (!listening) throw new Error('nobody listens')
      const end = Promise.withResolvers<never>()
      cut = end.reject
      return { status: 200, headers: {}, body: { [Symbol.asyncIterator]: () => ({ next: () => untilAborted(end.promise, signal) }) } }
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
  const stop = new AbortController()
  const options = { client: new Client(transport), resource: configMaps, clock, log: silentLogger, random: () => 0 }
  const running = new Informer(options).run(stop.signal)
  t.after(async () => {
    stop.abort()
    await running
  })
  const waits = () => until(() => clock.sleepers === 1, 'a pause')
  for (let i = 0; i < 10; i++) {
    await waits()
    await clock.advance(10_000)
  }
  await waits()
  listening = true
  await clock.advance(10_000)
  await clock.advance(60_000)
  cut(new Error('the connection was closed'))
  await waits()
  await clock.advance(50)
  assert.equal(clock.sleepers, 0)
})

test('Informer lists again after 410 and reports missed changes', async t => {
  const api = new FakeApi()
  api.seed(configMaps, named('a'))
  api.seed(configMaps, named('b'))
  const { informer, seen, until, signal } = start(t, api)
  await informer.synced(signal)
  api.dropWatches()
  api.remove(configMaps, 'ns', 'a')
  api.change(configMaps, 'ns', 'b', object => {
    object.data = { k: 'new' }
  })
  api.seed(configMaps, named('c'))
  api.compact()
  await until('delete a')
  assert.deepEqual(seen.slice(2).sort(), ['add c', 'delete a', 'update b new'])
})

test('Informer shows an object that was replaced during a gap as deleted and added', async t => {
  const api = new FakeApi()
  api.seed(configMaps, named('a'))
  const { informer, seen, until, signal } = start(t, api)
  await informer.synced(signal)
  api.dropWatches()
  api.remove(configMaps, 'ns', 'a')
  api.seed(configMaps, named('a'))
  api.compact()
  await until('delete a')
  assert.deepEqual(seen, ['add a', 'delete a', 'add a'])
})

test('Informer freezes its objects and drops managed fields', async t => {
  const api = new FakeApi()
  api.seed(configMaps, named('a', { data: { k: 'v' }, metadata: { managedFields: [{ manager: 'kubectl' }] } }))
  const { informer, signal } = start(t, api)
  await informer.synced(signal)
  const object = informer.get('ns', 'a')
  assert.throws(() => Object.assign(object?.data ?? {}, { k: 'changed' }), TypeError)
  assert.equal(object?.metadata.managedFields, undefined)
})

test('Informer keeps only metadata on request', async t => {
  const api = new FakeApi()
  api.seed(configMaps, named('a', { data: { k: 'v' } }))
  const { informer, signal } = start(t, api, true)
  await informer.synced(signal)
  assert.equal(informer.get('ns', 'a')?.data, undefined)
})

test('Informer finds objects by index, including changed ones', async t => {
  const api = new FakeApi()
  const owner = (uid: string) => [{ apiVersion: 'v1', kind: 'X', name: 'x', uid }]
  api.seed(configMaps, named('a', { metadata: { ownerReferences: owner('1') } }))
  const { informer, until, signal } = start(t, api)
  await informer.synced(signal)
  informer.addIndex(ownerIndex, ownerUids)
  const owned = (uid: string) => informer.byIndex(ownerIndex, uid).map(({ metadata }) => metadata.name)
  assert.deepEqual(owned('1'), ['a'])
  api.change(configMaps, 'ns', 'a', ({ metadata }) => {
    metadata.ownerReferences = owner('2')
  })
  await until('update a ')
  assert.deepEqual([owned('1'), owned('2')], [[], ['a']])
  assert.throws(() => informer.byIndex('none', '1'), /it was never added/)
})

test('Informer lists any number of objects of any size', async t => {
  const api = new FakeApi()
  for (let i = 0; i < 100; i++) api.seed(configMaps, named(`m${i}`))
  const limits: number[] = []
  const narrow: Transport = {
    async request(request, signal) {
      const limit = Number(new URL(request.path, 'https://api').searchParams.get('limit') ?? 0)
      if (limit > 0) limits.push(limit)
      if (limit > 40) throw new AnswerTooLarge(64 << 20)
      return api.request(request, signal)
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
  const { informer, signal } = start(t, narrow)
  await informer.synced(signal)
  assert.equal(informer.list().length, 100)
  assert.deepEqual(limits.slice(0, 5), [500, 250, 125, 62, 31])
})
