import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badRequest } from '../../api/status.ts'
import type { Node, Pod, Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import { endpointSlices, endpoints as endpointsResource, events, nodes, pods, services } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { endpointSlice } from './endpoint-slice.ts'
import { planSlices } from './endpoint-slice-plan.ts'
import { endpoints } from './endpoints.ts'
import { planEndpoints } from './endpoints-plan.ts'

const service = (more: Partial<Service['spec']> = {}): Service => ({
  metadata: { name: 'web', namespace: 'ns', uid: 'svc', labels: { team: 'a' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }], ...more },
})
const pod = (
  name: string,
  ip: string,
  more: { ready?: boolean; ending?: boolean; port?: number; phase?: 'Running' | 'Succeeded' } = {},
): Pod => ({
  metadata: {
    name,
    namespace: 'ns',
    uid: name,
    labels: { app: 'web' },
    ...(more.ending ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: more.port ?? 8080 }] }] },
  status: { phase: more.phase ?? 'Running', podIP: ip, conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
})
const node: Node = { metadata: { name: 'n1' }, spec: {} }
const plan = (svc: Service, list: Pod[], existing: EndpointSlice[] = []) => planSlices(svc, list, existing, () => node)
const flags = (slice: EndpointSlice | undefined) =>
  slice?.endpoints?.map(
    ({ addresses, conditions }) => `${addresses[0]} ${conditions?.ready} ${conditions?.serving} ${conditions?.terminating}`,
  )

test('planSlices() reports each pod as ready, serving or terminating', () => {
  const list = [
    pod('a', '10.0.0.1'),
    pod('b', '10.0.0.2', { ready: false }),
    pod('c', '10.0.0.3', { ending: true }),
    pod('d', '10.0.0.4', { phase: 'Succeeded' }),
  ]
  const [slice] = plan(service(), list).create
  assert.deepEqual(flags(slice), ['10.0.0.1 true true false', '10.0.0.2 false false false', '10.0.0.3 false true true'])
  assert.deepEqual(slice?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }])
  assert.deepEqual(slice?.metadata.labels, {
    team: 'a',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  })
  assert.deepEqual(flags(plan(service({ publishNotReadyAddresses: true }), list).create[0])?.[1], '10.0.0.2 true false false')
})

test('planSlices() gives endpoints hints for their own zone if the service prefers close ones', () => {
  const inZone = { metadata: { labels: { 'topology.kubernetes.io/zone': 'z1' } }, spec: {} }
  const list = [pod('a', '10.0.0.1'), pod('b', '10.0.0.2', { ready: false })]
  const hints = (svc: Service, existing: EndpointSlice[] = [], zoned = true) => {
    const { create, update } = planSlices(svc, list, existing, () => (zoned ? inZone : node))
    return [...create, ...update][0]?.endpoints?.map(endpoint => endpoint.hints)
  }
  const near = service({ trafficDistribution: 'PreferClose' })
  const zone = { forZones: [{ name: 'z1' }] }
  assert.deepEqual(hints(near), [zone, undefined])
  assert.deepEqual(hints(near, [], false), [undefined, undefined])
  const unlabelled = planSlices(near, list, [], () => ({ metadata: { labels: { 'topology.kubernetes.io/zone': '' } }, spec: {} })).create[0]
  assert.deepEqual(
    unlabelled?.endpoints?.filter(endpoint => 'zone' in endpoint || 'hints' in endpoint),
    [],
  )
  assert.deepEqual(hints(service()), [undefined, undefined])
  const byAnnotation = { ...near, metadata: { ...near.metadata, annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } }
  assert.deepEqual(hints(byAnnotation), [undefined, undefined])
  // Removed from slices that have them.
  assert.deepEqual(hints(service(), [...planSlices(near, list, [], () => inZone).create]), [undefined, undefined])
})

test('planSlices() omits pods whose node was deleted, unless the service publishes all of its pods', () => {
  const gone = pod('b', '10.0.0.2')
  gone.spec.nodeName = 'n2'
  const planOf = (svc: Service, list: Pod[], existing: EndpointSlice[] = []) => {
    return planSlices(svc, list, existing, name => (name === 'n1' ? node : undefined))
  }
  const { create, withoutNode } = planOf(service(), [pod('a', '10.0.0.1'), gone])
  assert.deepEqual([flags(create[0]), withoutNode], [['10.0.0.1 true true false'], [gone]])
  const alone = planOf(service(), [gone], [...plan(service(), [gone]).create])
  assert.deepEqual(
    [alone.create.map(({ endpoints: list, ports }) => [list, ports]), alone.update, alone.delete.length],
    [[[[], []]], [], 1],
  )
  const all = planOf(service({ publishNotReadyAddresses: true }), [pod('a', '10.0.0.1'), gone])
  assert.deepEqual([flags(all.create[0])?.length, all.withoutNode], [2, []])
  const finished = { ...gone, status: { ...gone.status, phase: 'Succeeded' as const } }
  assert.deepEqual(planOf(service(), [finished]).withoutNode, [])
})

test('planSlices() gives pods with another port number their own slice', () => {
  const { create } = plan(service(), [pod('a', '10.0.0.1'), pod('b', '10.0.0.2', { port: 9090 })])
  assert.deepEqual(
    create.map(({ ports }) => ports?.[0]?.port),
    [8080, 9090],
  )
})

test('planSlices() includes a pod without any of the ports, since a headless service gives it a DNS name', () => {
  const bare = pod('b', '10.0.0.2')
  bare.spec.containers = [{ name: 'c' }]
  const { create } = plan(service(), [pod('a', '10.0.0.1'), bare])
  assert.deepEqual(
    create.map(({ endpoints: list, ports }) => [list?.map(({ addresses }) => addresses[0]), ports?.map(({ port }) => port)]),
    [
      [['10.0.0.1'], [8080]],
      [['10.0.0.2'], []],
    ],
  )
  assert.deepEqual(planEndpoints(service(), [bare]).subsets, [])
})

test('planSlices() puts at most 100 endpoints into a slice and changes only slices that must', () => {
  const list = Array.from({ length: 150 }, (_, index) => pod(`p${index}`, `10.0.${Math.floor(index / 250)}.${index + 1}`))
  const slices = plan(service(), list).create.map((slice, index) => ({ ...slice, metadata: { ...slice.metadata, name: `s${index}` } }))
  assert.deepEqual(
    slices.map(slice => slice.endpoints?.length),
    [100, 50],
  )
  const same = plan(service(), list, slices)
  assert.deepEqual([same.create.length, same.update.length, same.delete.length], [0, 0, 0])
  const less = plan(service(), list.slice(1), slices)
  assert.deepEqual([less.create.length, less.update.map(({ metadata }) => metadata.name), less.delete.length], [0, ['s0'], 0])
})

test('planSlices() creates new slices for a recreated service of the same name', () => {
  const list = [pod('a', '10.0.0.1')]
  const former = [...plan({ ...service(), metadata: { name: 'web', namespace: 'ns', uid: 'former' } }, list).create]
  const { create, update, delete: gone } = plan(service(), list, former)
  assert.deepEqual([create.length, update.length, gone.length], [1, 0, 1])
})

test('planSlices() keeps one empty slice for a service without pods', () => {
  const { create } = plan(service(), [])
  assert.deepEqual(
    create.map(({ endpoints: list, ports }) => [list, ports]),
    [[[], []]],
  )
})

test('planEndpoints() lists ready and not ready addresses by ports', () => {
  const { subsets } = planEndpoints(service(), [
    pod('b', '10.0.0.2'),
    pod('a', '10.0.0.1'),
    pod('c', '10.0.0.3', { ready: false }),
    pod('d', '10.0.0.4', { ending: true }),
  ])
  assert.deepEqual(
    subsets.map(({ addresses, notReadyAddresses, ports }) => [
      addresses?.map(({ ip }) => ip),
      notReadyAddresses?.map(({ ip }) => ip),
      ports,
    ]),
    [[['10.0.0.1', '10.0.0.2'], ['10.0.0.3'], [{ name: 'http', port: 8080, protocol: 'TCP' }]]],
  )
})

test('planEndpoints() sorts the ports of a subset as upstream', () => {
  const offered = (index: number) => ({
    ...{ name: `p${index}`, port: 80 + index, targetPort: 8000 + index * 7, protocol: ['TCP', 'UDP', 'SCTP'][index % 3] ?? '' },
    ...(index % 4 === 1 ? { appProtocol: 'http' } : {}),
  })
  const ports = Array.from({ length: 9 }, (_, index) => offered(index))
  const { subsets } = planEndpoints(service({ ports }), [pod('a', '10.0.0.1')])
  assert.deepEqual(
    subsets.map(subset => subset.ports?.map(({ name }) => name).join(' ')),
    ['p2 p7 p1 p4 p5 p8 p3 p6 p0'],
  )
})

test('planEndpoints() lists for each port the pods that have it', () => {
  const ports = [
    { name: 'web', port: 80, targetPort: 'web' },
    { name: 'raw', port: 81 },
  ]
  const bare = pod('b', '10.0.0.2', { ready: false })
  bare.spec.containers = [{ name: 'c' }]
  const { subsets } = planEndpoints(service({ ports }), [pod('a', '10.0.0.1'), bare])
  assert.deepEqual(
    subsets.map(subset => [
      subset.addresses?.map(({ ip }) => ip),
      subset.notReadyAddresses?.map(({ ip }) => ip),
      subset.ports?.map(({ name }) => name),
    ]),
    [
      [['10.0.0.1'], ['10.0.0.2'], ['raw']],
      [['10.0.0.1'], undefined, ['web']],
    ],
  )
  const same = planEndpoints(service({ ports }), [pod('a', '10.0.0.1'), pod('c', '10.0.0.3')])
  assert.deepEqual(
    same.subsets.map(subset => subset.ports?.map(({ name }) => name)),
    [['web', 'raw']],
  )
})

test('endpointSlice and endpoints follow pods and services', async () => {
  await using scenario = startScenario({ controllers: [endpointSlice, endpoints] })
  const { api } = scenario
  api.seed(services, service())
  api.seed(nodes, node)
  api.seed(pods, pod('a', '10.0.0.1', { ready: false }))
  const slice = () => api.all(endpointSlices).find(({ ports }) => (ports ?? []).length > 0)
  await scenario.until(() => flags(slice())?.[0] === '10.0.0.1 false false false', 'not ready')
  api.change(pods, 'ns', 'a', object => {
    object.status = { ...object.status, conditions: [{ type: 'Ready', status: 'True' }] }
  })
  await scenario.until(() => flags(slice())?.[0] === '10.0.0.1 true true false', 'ready')
  await scenario.until(() => api.read(endpointsResource, 'ns', 'web')?.subsets?.[0]?.addresses?.[0]?.ip === '10.0.0.1', 'Endpoints')
  await scenario.until(() => api.all(endpointSlices).length === 1, 'one slice')
  api.remove(services, 'ns', 'web')
  await scenario.until(() => api.all(endpointsResource).length === 0, 'Endpoints deleted with the service')
})

test('manually written endpoints are removed with their service, and kept if there was none', async () => {
  const written = (name: string) => ({ metadata: { name, namespace: 'ns' }, subsets: [{ addresses: [{ ip: '10.0.0.9' }] }] })
  await using scenario = startScenario({
    controllers: [endpoints],
    prepare(api) {
      const { selector: _, ...spec } = service().spec ?? {}
      api.seed(services, { ...service(), spec })
      api.seed(endpointsResource, written('web'))
      api.seed(endpointsResource, written('other'))
      // Of another service, so that the controller has seen all before the awaited change.
      api.seed(services, { ...service(), metadata: { name: 'last', namespace: 'ns' } })
    },
  })
  const { api } = scenario
  await scenario.until(() => api.read(endpointsResource, 'ns', 'last') !== undefined, 'Endpoints')
  assert.ok(api.read(endpointsResource, 'ns', 'web'))
  api.remove(services, 'ns', 'web')
  await scenario.until(() => api.read(endpointsResource, 'ns', 'web') === undefined, 'Endpoints deleted with the service')
  assert.ok(api.read(endpointsResource, 'ns', 'other'))
})

test('endpoints reports why it could not be written', async () => {
  await using scenario = startScenario({
    controllers: [endpoints],
    prepare(api) {
      api.refuse = ({ method, path }) => {
        if (method === 'POST' && path.endsWith('/endpoints')) throw badRequest('no room')
        if (method === 'PUT' && path.endsWith('/endpoints/old')) throw badRequest('no change')
      }
      api.seed(services, service())
      api.seed(services, { ...service(), metadata: { name: 'old', namespace: 'ns' } })
      api.seed(endpointsResource, { metadata: { name: 'old', namespace: 'ns' }, subsets: [{ addresses: [{ ip: '10.0.0.9' }] }] })
    },
  })
  const said = (reason: string, message: string) => () =>
    scenario.api
      .all(events)
      .some(event => event.reason === reason && event.message === message && event.involvedObject.kind === 'Endpoints')
  await scenario.until(said('FailedToCreateEndpoint', 'Failed to create endpoint for service ns/web: no room'), 'the event of a creation')
  await scenario.until(said('FailedToUpdateEndpoint', 'Failed to update endpoint ns/old: no change'), 'the event of an update')
})

test('planEndpoints() truncates an object to 1000 addresses, ready ones first, and marks it', () => {
  const list = Array.from({ length: 1001 }, (_, index) =>
    pod(`p${index}`, `10.0.${Math.floor(index / 250)}.${(index % 250) + 1}`, { ready: index !== 0 }),
  )
  const { subsets, truncated } = planEndpoints(service(), list)
  assert.equal(truncated, true)
  assert.deepEqual([subsets[0]?.addresses?.length, subsets[0]?.notReadyAddresses], [1000, undefined])
  assert.equal(planEndpoints(service(), list.slice(1)).truncated, false)
})

test('endpointSlice retries a service whose pod names a node that does not exist yet', async () => {
  await using scenario = startScenario({ controllers: [endpointSlice] })
  const { api } = scenario
  api.seed(services, service())
  api.seed(pods, pod('a', '10.0.0.1'))
  await scenario.until(() => api.all(endpointSlices).some(slice => (slice.endpoints ?? []).length === 0), 'an empty slice')
  const skipped = 'Error updating Endpoint Slices for Service ns/web: skipping Pod a for Service ns/web: Node n1 Not Found'
  await scenario.until(() => api.all(events).some(({ message }) => message === skipped), 'an event')
  api.seed(nodes, node)
  await scenario.until(() => api.all(endpointSlices).some(slice => flags(slice)?.[0] === '10.0.0.1 true true false'), 'published')
})

test('planEndpoints() truncates each group of addresses in proportion to its size', () => {
  const pods = (from: number, count: number, more: Parameters<typeof pod>[2]) =>
    Array.from({ length: count }, (_, index) =>
      pod(`p${from + index}`, `10.1.${Math.floor((from + index) / 250)}.${(from + index) % 250}`, more),
    )
  const sizes = (list: Pod[]) =>
    planEndpoints(service(), list).subsets.map(({ addresses, notReadyAddresses }) => [
      addresses?.length ?? 0,
      notReadyAddresses?.length ?? 0,
    ])
  const other = { port: 9090 }
  assert.deepEqual(sizes([...pods(0, 900, {}), ...pods(1000, 300, other)]), [
    [750, 0],
    [250, 0],
  ])
  assert.deepEqual(
    sizes([
      ...pods(0, 500, {}),
      ...pods(500, 300, { ready: false }),
      ...pods(1000, 300, other),
      ...pods(1300, 100, { ...other, ready: false }),
    ]),
    [
      [500, 150],
      [300, 50],
    ],
  )
  assert.deepEqual(sizes([...pods(0, 1001, {}), ...pods(1001, 5, { ...other, ready: false })]), [[1000, 0]])
})
