import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IPAddress } from '../../api/types/networking-v1.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { randomIdentifiers } from '../objects/identifiers.ts'
import type { AdmissionChain } from '../objects/write-parts.ts'
import { TestServer } from '../testing.ts'

const services = '/api/v1/namespaces/default/services'
const addresses = '/apis/networking.k8s.io/v1/ipaddresses'
const cidrs = '/apis/networking.k8s.io/v1/servicecidrs'
const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { app: 'a' }, ...spec },
})
const foreign = (name: string) => ({
  metadata: { name },
  spec: { parentRef: { group: 'gateway.networking.k8s.io', resource: 'gateways', namespace: 'n', name: 'g' } },
})
const names = async (api: TestServer): Promise<string[]> =>
  (await api.get(addresses)).json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)

test('a Service is created and deleted together with its IPAddress', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', services, service('a'))
  const address = await api.get(`${addresses}/${json.spec.clusterIP}`)
  assert.deepEqual(address.json.spec, { parentRef: { resource: 'services', namespace: 'default', name: 'a' } })
  assert.deepEqual(address.json.metadata.labels, {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  })
  assert.ok(Number(address.json.metadata.resourceVersion) < Number(json.metadata.resourceVersion))
  const written = api.events.find(({ objectRef, stage }) => objectRef?.resource === 'ipaddresses' && stage === 'ResponseComplete')
  assert.equal(written?.user.username, 'system:apiserver')
  await api.request('DELETE', `${services}/a`)
  assert.deepEqual(await names(api), [])
})

const without: readonly [name: string, path: string, body: object][] = [
  ['a dry run', `${services}?dryRun=All`, service('a')],
  ['a Service that is refused', services, service('a', { sessionAffinity: 'x' })],
  ['a headless Service', services, service('a', { clusterIP: 'None' })],
  ['an ExternalName', services, service('a', { type: 'ExternalName', externalName: 'a.b', selector: undefined })],
]
for (const [name, path, body] of without)
  test(`${name} creates no IPAddress`, async () => {
    await using api = new TestServer()
    await api.request('POST', path, body)
    assert.deepEqual(await names(api), [])
    assert.equal(api.events.filter(({ objectRef }) => objectRef?.resource === 'ipaddresses' && objectRef.name !== undefined).length, 0)
  })

test('of concurrent creations of one name, one is stored, with one IPAddress', async () => {
  await using api = new TestServer()
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.request('POST', services, service('a'))))
  const statuses = answers.map(({ status }) => status).toSorted()
  assert.deepEqual(statuses, [201, ...Array.from({ length: 7 }, () => 409)])
  assert.deepEqual(await names(api), [answers.find(({ status }) => status === 201)?.json.spec.clusterIP])
})

test('concurrent creations get different addresses', async () => {
  await using api = new TestServer()
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => api.request('POST', services, service(`s${index}`))))
  assert.equal(new Set(answers.map(({ json }) => json.spec.clusterIP)).size, 20)
  assert.equal((await names(api)).length, 20)
})

test('a Service that becomes an ExternalName loses its IPAddress, and gets one when it changes back', async () => {
  await using api = new TestServer()
  await api.request('POST', services, service('a'))
  const external = { type: 'ExternalName', externalName: 'a.b' }
  assert.equal((await api.request('PATCH', `${services}/a?dryRun=All`, { spec: external })).status, 200)
  assert.equal((await names(api)).length, 1)
  assert.equal((await api.request('PATCH', `${services}/a`, { spec: external })).status, 200)
  assert.deepEqual(await names(api), [])
  const back = await api.request('PATCH', `${services}/a`, { spec: { type: 'ClusterIP', externalName: null } })
  assert.deepEqual(await names(api), [back.json.spec.clusterIP])
})

test('an address with an IPAddress of another user is not allocated', async () => {
  await using api = new TestServer()
  for (const name of ['10.96.0.7', '10.96.1.1']) assert.equal((await api.request('POST', addresses, foreign(name))).status, 201)
  const wanted = await api.request('POST', services, service('a', { clusterIP: '10.96.0.7' }))
  assert.match(wanted.json.message, /failed to allocate IP 10\.96\.0\.7: provided IP is already allocated$/)
  const { json } = await api.request('POST', services, service('a'))
  assert.equal(json.spec.clusterIP, '10.96.1.2')
  await api.request('DELETE', `${services}/a`)
  assert.deepEqual(await names(api), ['10.96.0.7', '10.96.1.1'])
  await api.request('DELETE', `${addresses}/10.96.0.7`)
  assert.equal((await api.request('POST', services, service('a', { clusterIP: '10.96.0.7' }))).status, 201)
})

/** Does something while a Service is validated, when its address is reserved and not yet stored. */
function between(act: () => Promise<unknown>): AdmissionChain {
  return {
    mutate: () => undefined,
    async validate({ resource, operation }) {
      if (resource.plural === 'services' && operation === 'CREATE') await act()
    },
  }
}

test('a Service that loses the race for an IPAddress gets another address, or an error if it requested that address', async () => {
  const made: string[] = []
  await using api: TestServer = new TestServer({
    admission: between(async () => {
      const name = made.length === 0 ? '10.96.1.1' : '10.96.0.9'
      made.push(name)
      await api.request('POST', addresses, foreign(name))
    }),
  })
  const { json } = await api.request('POST', services, service('a'))
  assert.deepEqual([json.spec.clusterIP, json.spec.clusterIPs], ['10.96.1.2', ['10.96.1.2']])
  const wanted = await api.request('POST', services, service('b', { clusterIP: '10.96.0.9' }))
  assert.deepEqual([wanted.status, wanted.json.details.causes[0].field], [422, 'spec.clusterIPs'])
  assert.match(wanted.json.message, /failed to allocate IP 10\.96\.0\.9: provided IP is already allocated$/)
  assert.deepEqual(await names(api), ['10.96.0.9', '10.96.1.1', '10.96.1.2'])
})

test('a Service that loses the race for a name leaves no IPAddress', async () => {
  let second = false
  await using api: TestServer = new TestServer({
    admission: between(async () => {
      if (second) return
      second = true
      await api.request('POST', services, service('a'))
    }),
  })
  assert.equal((await api.request('POST', services, service('a'))).status, 409)
  const { json } = await api.get(`${services}/a`)
  assert.deepEqual(await names(api), [json.spec.clusterIP])
})

test('a full range reuses an address after the IPAddress of another user is deleted', async () => {
  await using api = new TestServer({ serviceCidr: '10.0.0.0/30' })
  await api.request('POST', addresses, foreign('10.0.0.1'))
  assert.equal((await api.request('POST', services, service('a'))).json.spec.clusterIP, '10.0.0.2')
  assert.equal((await api.request('POST', services, service('b'))).status, 500)
  await api.request('DELETE', `${addresses}/10.0.0.1`)
  assert.equal((await api.request('POST', services, service('b'))).json.spec.clusterIP, '10.0.0.1')
})

test('an IPAddress names its Service by the last generated name', async () => {
  let isTaken = false
  const drawn = ['aaaaa', 'bbbbb']
  await using api: TestServer = new TestServer({
    identifiers: { ...randomIdentifiers, nameSuffix: () => drawn.shift() ?? 'ccccc' },
    admission: {
      mutate: () => undefined,
      // The IPAddress is stored right before its Service, whose name is taken in between.
      async validate({ resource }) {
        if (resource.plural !== 'ipaddresses' || isTaken) return
        isTaken = true
        await api.request('POST', services, service('s-aaaaa', { clusterIP: 'None' }))
      },
    },
  })
  const { json } = await api.request('POST', services, { ...service(''), metadata: { generateName: 's-' } })
  assert.equal(json.metadata.name, 's-bbbbb')
  const { items } = (await api.get(addresses)).json
  assert.deepEqual(
    items.map(({ metadata, spec }: IPAddress) => [metadata.name, spec.parentRef?.name]),
    [[json.spec.clusterIP, 's-bbbbb']],
  )
})

test('if the IPAddress is refused, the Service is too, and the address stays free', async () => {
  await using api = new TestServer({
    admission: {
      mutate: () => undefined,
      validate: ({ resource, object }) => {
        if (resource.plural === 'ipaddresses' && object?.metadata.name === '10.96.0.9') throw new Error('no')
      },
    },
  })
  const wanted = service('a', { clusterIP: '10.96.0.9' })
  assert.match((await api.request('POST', services, wanted)).json.message, /failed to allocate IP 10\.96\.0\.9: /)
  assert.equal((await api.get(`${services}/a`)).status, 404)
  assert.match((await api.request('POST', services, wanted)).json.message, /failed to allocate IP 10\.96\.0\.9: Internal/)
})

test('a new ServiceCIDR is used at once, and not while it is being deleted', async () => {
  await using api = new TestServer({ serviceCidr: '10.0.0.0/30' })
  const more = { metadata: { name: 'more', finalizers: ['a.b/c'] }, spec: { cidrs: ['203.0.113.0/24'] } }
  const wanted = (name: string, clusterIP: string) => api.request('POST', services, service(name, { clusterIP }))
  assert.equal((await wanted('a', '203.0.113.10')).status, 422)
  await api.request('POST', cidrs, more)
  assert.equal((await wanted('a', '203.0.113.10')).status, 201)
  const given = []
  for (const name of ['b', 'c', 'd']) given.push((await api.request('POST', services, service(name))).json.spec.clusterIP)
  assert.deepEqual(given, ['10.0.0.1', '10.0.0.2', '203.0.113.17'])
  await api.request('DELETE', `${cidrs}/more`)
  assert.match((await wanted('e', '203.0.113.11')).json.message, /the provided network does not match the current range/)
  assert.match((await api.request('POST', services, service('e'))).json.message, /failed to allocate a serviceIP: range is full/)
  assert.equal((await api.request('DELETE', `${services}/d`)).status, 200)
  assert.ok(!(await names(api)).includes('203.0.113.17'))
})

test('a new ServiceCIDR and its held addresses are known after a restart', async () => {
  const store = createMemoryStore()
  {
    const first = new TestServer({ store })
    await first.request('POST', cidrs, { metadata: { name: 'more' }, spec: { cidrs: ['203.0.113.0/24'] } })
    await first.request('POST', services, service('a', { clusterIP: '203.0.113.10' }))
    await first.server[Symbol.asyncDispose]()
  }
  await using api = new TestServer({ store })
  assert.equal((await api.request('POST', services, service('b', { clusterIP: '203.0.113.11' }))).status, 201)
  assert.equal((await api.request('POST', services, service('c', { clusterIP: '203.0.113.10' }))).status, 422)
})

test("the cluster's own ServiceCIDR is recreated after its deletion", async () => {
  await using api = new TestServer()
  await api.request('POST', cidrs, { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16'] } })
  const watch = await api.watch(`${cidrs}?watch=true&fieldSelector=metadata.name%3Dkubernetes`)
  assert.equal((await watch.next())?.type, 'ADDED')
  await api.request('DELETE', `${cidrs}/kubernetes`)
  assert.equal((await watch.next())?.type, 'DELETED')
  const again = await watch.next()
  assert.deepEqual([again?.type, again?.object.spec.cidrs], ['ADDED', ['10.96.0.0/16']])
  watch.close()
})
