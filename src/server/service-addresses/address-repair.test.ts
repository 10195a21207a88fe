import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceIpAddress } from '../../api/addresses/service-address.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { TestServer, type TestWatch } from '../testing.ts'

const services = '/api/v1/namespaces/default/services'
const addresses = '/apis/networking.k8s.io/v1/ipaddresses'
const events = '/apis/events.k8s.io/v1/events?watch=true'
const service = (name: string, clusterIP: string) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], clusterIP } })

/** Waits for an event that the condition holds for. */
// biome-ignore lint/suspicious/noExplicitAny: events of any shape
async function seen(watch: TestWatch, condition: (event: { type: string; object: any }) => boolean): Promise<any> {
  for (let event = await watch.next(); event !== undefined; event = await watch.next()) if (condition(event)) return event.object
  throw new Error('the watch ended')
}

/** Writes past the API, as an older server or a crash would have left it. */
async function leave(store: Store, groupResource: string, namespace: string, object: KubeObject): Promise<void> {
  const collection = store.collection({ groupResource, fieldsOf: parentFields })
  const name = object.metadata.name ?? ''
  await collection.write({ namespace, name, expected: collection.newest(namespace, name), object: structuredClone(object) })
}

async function take(store: Store, address: string): Promise<void> {
  const collection = store.collection({ groupResource: 'ipaddresses.networking.k8s.io', fieldsOf: parentFields })
  await collection.write({ namespace: '', name: address, expected: collection.newest('', address), object: undefined })
}

function parentFields(object: object): Record<string, string> {
  const { spec } = object as { spec?: { parentRef?: Record<string, string> } }
  const parts = ['group', 'resource', 'namespace', 'name'].map(part => [`spec.parentRef.${part}`, spec?.parentRef?.[part] ?? ''])
  return spec?.parentRef ? Object.fromEntries(parts) : {}
}

const ofOurs = (address: string, name: string) => {
  const object = serviceIpAddress(address, { namespace: 'default', name })
  return { ...object, metadata: { ...object.metadata, uid: name, creationTimestamp: '2026-01-01T00:00:00Z' } }
}

test('a deleted IPAddress is created again with an event for its Service; meanwhile no other Service gets the address', async () => {
  await using api = new TestServer()
  await api.request('POST', services, service('a', '10.96.0.5'))
  const eventWatch = await api.watch(events)
  const watch = await api.watch(`${addresses}?watch=true`)
  await api.request('DELETE', `${addresses}/10.96.0.5`)
  const wanted = await api.request('POST', services, service('b', '10.96.0.5'))
  assert.match(wanted.json.message, /provided IP is already allocated/)
  await seen(watch, ({ type }) => type === 'DELETED')
  const { spec } = await seen(watch, ({ type }) => type === 'ADDED')
  assert.equal(spec.parentRef.name, 'a')
  const { regarding, note, action, type, metadata } = await seen(eventWatch, ({ object }) => object.reason === 'ClusterIPNotAllocated')
  assert.deepEqual(
    [regarding.kind, regarding.name, note, action, type, metadata.namespace],
    ['Service', 'a', 'Cluster IP [IPv4]: 10.96.0.5 is not allocated; repairing', 'ClusterIPAllocation', 'Warning', 'default'],
  )
  watch.close()
  eventWatch.close()
})

test('Services of a store without IPAddresses get theirs at the next start, with the same addresses', async () => {
  const store = createMemoryStore()
  {
    const first = new TestServer({ store })
    for (const [index, name] of ['a', 'b', 'c'].entries()) await first.request('POST', services, service(name, `10.96.0.${index + 5}`))
    await first.server[Symbol.asyncDispose]()
  }
  for (const address of ['10.96.0.5', '10.96.0.6']) await take(store, address)
  await using api = new TestServer({ store })
  const watch = await api.watch(`${addresses}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`)
  const missing = new Set(['10.96.0.5', '10.96.0.6', '10.96.0.7'])
  await seen(watch, ({ object }) => missing.delete(object.metadata.name) && missing.size === 0)
  watch.close()
})

/** Does not advance until the test moves it; knows how long others sleep. */
class StandingClock implements Clock {
  #now = Date.UTC(2026, 0, 1)
  readonly #sleepers = new Map<() => void, number>()
  now(): number {
    return this.#now
  }
  monotonic(): number {
    return this.#now
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.set(resolve, ms)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
  async untilAsleep(ms: number): Promise<void> {
    while (![...this.#sleepers.values()].includes(ms)) await new Promise(resolve => setImmediate(resolve))
  }
  wake(ms: number): void {
    this.#now += ms
    for (const [resolve, asleep] of this.#sleepers) if (asleep === ms) resolve()
  }
}

test('an IPAddress without its Service is deleted after a minute, and not before', async () => {
  const store = createMemoryStore()
  const clock = new StandingClock()
  await leave(store, 'ipaddresses.networking.k8s.io', '', ofOurs('10.96.0.9', 'lost'))
  await using api = new TestServer({ store, clock })
  await clock.untilAsleep(60_001)
  assert.equal((await api.get(`${addresses}/10.96.0.9`)).status, 200)
  const taken = await api.request('POST', services, service('b', '10.96.0.9'))
  assert.match(taken.json.message, /provided IP is already allocated/)
  const watch = await api.watch(`${addresses}?watch=true`)
  clock.wake(60_001)
  await seen(watch, ({ type }) => type === 'DELETED')
  assert.equal((await api.request('POST', services, service('b', '10.96.0.9'))).status, 201)
  watch.close()
})

test('an IPAddress that names a Service with another address is deleted at once', async () => {
  await using api = new TestServer()
  await api.request('POST', services, service('a', '10.96.0.5'))
  const eventWatch = await api.watch(events)
  const watch = await api.watch(`${addresses}?watch=true`)
  await api.request('POST', addresses, serviceIpAddress('10.96.0.6', { namespace: 'default', name: 'a' }))
  await seen(watch, ({ type, object }) => type === 'DELETED' && object.metadata.name === '10.96.0.6')
  const { regarding, metadata } = await seen(eventWatch, ({ object }) => object.reason === 'IPAddressWrongReference')
  assert.deepEqual([regarding.kind, regarding.name, metadata.namespace], ['IPAddress', '10.96.0.6', 'default'])
  assert.equal((await api.get(`${addresses}/10.96.0.5`)).status, 200)
  watch.close()
  eventWatch.close()
})

test('an IPAddress of another family is deleted too if it is labelled as the server`s', async () => {
  await using api = new TestServer()
  await api.request('POST', services, service('a', '10.96.0.5'))
  const watch = await api.watch(`${addresses}?watch=true`)
  await api.request('POST', addresses, {
    metadata: { name: 'fd00::5' },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'a' } },
  })
  await api.request('POST', addresses, serviceIpAddress('fd00::6', { namespace: 'default', name: 'a' }))
  await seen(watch, ({ type, object }) => type === 'DELETED' && object.metadata.name === 'fd00::6')
  assert.equal((await api.get(`${addresses}/fd00::5`)).status, 200)
  watch.close()
})

test('an IPAddress with changed labels is recreated', async () => {
  await using api = new TestServer()
  await api.request('POST', services, service('a', '10.96.0.5'))
  const { json } = await api.get(`${addresses}/10.96.0.5`)
  const watch = await api.watch(`${addresses}?watch=true`)
  await api.request('PATCH', `${addresses}/10.96.0.5`, { metadata: { labels: { 'ipaddress.kubernetes.io/managed-by': 'me' } } })
  const again = await seen(watch, ({ type, object }) => type === 'ADDED' && object.metadata.uid !== json.metadata.uid)
  assert.equal(again.metadata.labels['ipaddress.kubernetes.io/managed-by'], 'ipallocator.k8s.io')
  watch.close()
})

test('of two Services of older data with one address the first keeps it; the second gets an event and inherits it', async () => {
  const store = createMemoryStore()
  {
    const first = new TestServer({ store })
    await first.request('POST', services, service('a', '10.96.0.5'))
    await first.server[Symbol.asyncDispose]()
  }
  const second = store.collection({ groupResource: 'services' }).newest('default', 'a')?.object
  assert.ok(second)
  await leave(store, 'services', 'default', { ...second, metadata: { ...second.metadata, name: 'b', uid: 'b' } })
  await using api = new TestServer({ store })
  const eventWatch = await api.watch(`${events}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`)
  const { regarding } = await seen(eventWatch, ({ object }) => object.reason === 'ClusterIPAlreadyAllocated')
  assert.equal(regarding.name, 'b')
  const watch = await api.watch(`${addresses}?watch=true`)
  await api.request('DELETE', `${services}/a`)
  await seen(watch, ({ type, object }) => type === 'ADDED' && object.spec.parentRef.name === 'b')
  watch.close()
  eventWatch.close()
})

test('a Service whose range was deleted gets an event', async () => {
  await using api = new TestServer()
  const cidrs = '/apis/networking.k8s.io/v1/servicecidrs'
  await api.request('POST', cidrs, { metadata: { name: 'more' }, spec: { cidrs: ['203.0.113.0/24'] } })
  await api.request('POST', services, service('a', '203.0.113.10'))
  const eventWatch = await api.watch(events)
  // No controller runs here that would keep it.
  await api.request('DELETE', `${cidrs}/more`)
  const { regarding, note } = await seen(eventWatch, ({ object }) => object.reason === 'ClusterIPOutOfRange')
  assert.equal(regarding.name, 'a')
  assert.equal(note, 'Cluster IP [IPv4]: 203.0.113.10 is not within any configured Service CIDR; please recreate service')
  assert.equal((await api.get(`${addresses}/203.0.113.10`)).status, 200)
  eventWatch.close()
})

test('metrics report the use of each range', async () => {
  await using api = new TestServer({ serviceCidr: '10.96.0.0/24' })
  await api.request('POST', services, service('a', '10.96.0.5'))
  const { text } = await api.get('/metrics')
  assert.match(text, /^kube_apiserver_clusterip_allocator_allocated_ips\{cidr="10\.96\.0\.0\/24"\} 1$/m)
  assert.match(text, /^kube_apiserver_clusterip_allocator_available_ips\{cidr="10\.96\.0\.0\/24"\} 253$/m)
})
