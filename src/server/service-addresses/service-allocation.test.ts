import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../store/memory.ts'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/services'
const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { app: 'a' }, ...spec },
})

test('a Service gets an address above the band for explicit ones', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', path, service('a'))
  assert.equal(json.spec.clusterIP, '10.96.1.1')
  assert.deepEqual(json.spec.clusterIPs, ['10.96.1.1'])
  assert.deepEqual(json.spec.ipFamilies, ['IPv4'])
  assert.equal(json.spec.ipFamilyPolicy, 'SingleStack')
})

test('an explicit address is allocated once and free again after deletion', async () => {
  await using api = new TestServer()
  const wanted = { clusterIP: '10.96.0.10' }
  assert.equal((await api.request('POST', path, service('a', wanted))).status, 201)
  assert.equal((await api.request('POST', `${path}?dryRun=All`, service('b', wanted))).status, 422)
  const taken = await api.request('POST', path, service('b', wanted))
  assert.equal(taken.status, 422)
  assert.match(
    taken.json.message,
    /spec\.clusterIPs: Invalid value: \[\]string\{"10\.96\.0\.10"\}: failed to allocate IP 10\.96\.0\.10: provided IP is already allocated/,
  )
  await api.request('DELETE', `${path}/a`)
  assert.equal((await api.request('POST', path, service('b', wanted))).status, 201)
  const outside = service('c', { clusterIP: '10.0.0.1' })
  assert.match(
    (await api.request('POST', path, outside)).json.message,
    /failed to allocate IP 10\.0\.0\.1: the provided network does not match the current range$/,
  )
  assert.match((await api.request('POST', `${path}?dryRun=All`, outside)).json.message, /The range of valid IPs is 10\.96\.0\.0\/16$/)
})

test('a dry run and a refused creation reserve nothing', async () => {
  await using api = new TestServer()
  await api.request('POST', `${path}?dryRun=All`, service('a', { clusterIP: '10.96.0.10' }))
  assert.equal((await api.request('POST', path, service('a', { clusterIP: '10.96.0.10', sessionAffinity: 'x' }))).status, 422)
  assert.equal((await api.request('POST', path, service('a', { clusterIP: '10.96.0.10' }))).status, 201)
})

test('a dry run gets node ports above the range, may request any free one, and takes none', async () => {
  await using api = new TestServer()
  const dryRun = (spec: object) => api.request('POST', `${path}?dryRun=All`, service('b', spec))
  const ports = (...nodePorts: (number | undefined)[]) => nodePorts.map((nodePort, at) => ({ name: `p${at}`, port: 80 + at, nodePort }))
  const shown = ({ json }: Awaited<ReturnType<typeof dryRun>>) => json.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort)
  const local = await dryRun({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: ports(undefined, undefined) })
  assert.deepEqual([shown(local), local.json.spec.healthCheckNodePort], [[32_769, 32_770], 32_771])
  assert.deepEqual(shown(await dryRun({ type: 'NodePort', ports: ports(40_000, undefined) })), [40_000, 40_001])
  const once = await dryRun({ type: 'NodePort', ports: ports(30_100, 30_100) })
  assert.match(once.json.message, /ports\[1\]\.nodePort: Invalid value: 30100: provided port is already allocated/)
  assert.equal((await api.request('POST', path, service('a', { type: 'NodePort', ports: ports(30_100) }))).status, 201)
  assert.equal((await dryRun({ type: 'NodePort', ports: ports(30_100) })).status, 422)
  const { json } = await api.request('POST', path, service('c', { type: 'NodePort', ports: ports(40_000) }))
  assert.match(json.message, /provided port is not in the valid range/)
})

test('a NodePort Service gets ports, keeps them on update and releases them as ClusterIP', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', path, service('a', { type: 'NodePort' }))
  const port: number = json.spec.ports[0].nodePort
  assert.ok(port >= 30_000 && port <= 32_767)
  const updated = await api.request('PUT', `${path}/a`, service('a', { type: 'NodePort' }))
  assert.equal(updated.json.spec.ports[0].nodePort, port)
  assert.equal(updated.json.spec.clusterIP, json.spec.clusterIP)
  const explicit = service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] })
  assert.match(
    (await api.request('POST', path, explicit)).json.message,
    /spec\.ports\[0\]\.nodePort: Invalid value: \d+: provided port is already allocated/,
  )
  await api.request('PATCH', `${path}/a`, { spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }] } })
  assert.equal((await api.request('POST', path, explicit)).status, 201)
})

test('addresses of stored Services are known after a restart', async () => {
  const store = createMemoryStore()
  const first = new TestServer({ store })
  await first.create(path, service('a'))
  await first.server[Symbol.asyncDispose]()
  await using second = new TestServer({ store })
  const { json } = await second.request('POST', path, service('b'))
  assert.equal(json.spec.clusterIP, '10.96.1.2')
})

test('inconsistent addresses and families are refused alone, before anything is allocated', async () => {
  await using api = new TestServer()
  const spec = { clusterIP: 'x', clusterIPs: ['y'], ipFamilies: ['IPv5'], ipFamilyPolicy: 'Any', type: 'Odd' }
  const { json } = await api.request('POST', path, service('a', spec))
  assert.deepEqual(
    json.details.causes.map(({ field }: { field: string }) => field),
    ['spec.clusterIPs', 'spec.ipFamilies[0]', 'spec.ipFamilyPolicy', 'spec.clusterIPs[0]'],
  )
})

test('ports with one number share a node port if their protocols differ, and conflict otherwise', async () => {
  await using api = new TestServer()
  const ports = (second: string) => [
    { name: 'a', port: 53, protocol: 'TCP' },
    { name: 'b', port: 53, protocol: second },
  ]
  const { json } = await api.request('POST', path, service('a', { type: 'NodePort', ports: ports('UDP') }))
  assert.equal(json.spec.ports[0].nodePort, json.spec.ports[1].nodePort)
  const same = await api.request('POST', path, service('b', { type: 'NodePort', ports: ports('TCP') }))
  assert.ok(same.json.details.causes.some(({ field }: { field: string }) => field === 'spec.ports[1].nodePort'))
})

test('a set address is immutable, and clients that use only one field get an error', async () => {
  await using api = new TestServer()
  await api.request('POST', path, service('a', { clusterIP: '10.96.0.10' }))
  const { status, json } = await api.request('PATCH', `${path}/a`, { spec: { clusterIP: '10.96.0.11' } })
  assert.equal(status, 422)
  assert.equal(json.message, 'Service "a" is invalid: spec.clusterIPs[0]: Invalid value: []string{"10.96.0.11"}: may not change once set')
  assert.equal((await api.request('POST', path, service('b', { clusterIP: '10.96.0.11' }))).status, 201)
})

const updates: readonly {
  name: string
  spec: object
  change(spec: Record<string, unknown>): void
  errors: readonly string[]
}[] = [
  {
    name: 'an address in the body of what becomes an ExternalName',
    spec: {},
    change: spec => Object.assign(spec, { type: 'ExternalName', externalName: 'a.b', clusterIP: '10.96.9.9', clusterIPs: ['10.96.9.9'] }),
    errors: ['spec.clusterIPs: Forbidden: may not be set for ExternalName services'],
  },
  {
    name: 'two families under a policy of one',
    spec: {},
    change: spec => Object.assign(spec, { ipFamilies: ['IPv4', 'IPv6'] }),
    errors: [
      `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
    ],
  },
  {
    name: 'two families in a cluster of one',
    spec: {},
    change: spec => Object.assign(spec, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' }),
    errors: ['spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster'],
  },
  {
    name: 'a policy that the cluster cannot keep',
    spec: {},
    change: spec => Object.assign(spec, { ipFamilyPolicy: 'RequireDualStack' }),
    errors: ['spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'],
  },
  {
    name: 'the second family of a headless Service',
    spec: { clusterIP: 'None', selector: {} },
    change: spec => Object.assign(spec, { ipFamilies: ['IPv4'] }),
    errors: [`spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be 'SingleStack' to release the secondary IP family`],
  },
]
for (const { name, spec, change, errors } of updates) {
  test(`an update refuses ${name}`, async () => {
    await using api = new TestServer()
    const { json } = await api.request('POST', path, service('a', spec))
    change(json.spec)
    const { json: answer } = await api.request('PUT', `${path}/a`, json)
    assert.deepEqual(
      answer.details?.causes.map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`),
      errors,
    )
  })
}

test('a node port stays with the name of its port, and each number is allocated once per protocol', async () => {
  await using api = new TestServer()
  const ports = (first: object, second: object) => [
    { name: 'a', port: 80, ...first },
    { name: 'b', port: 81, ...second },
  ]
  const created = await api.request('POST', path, service('a', { type: 'NodePort', ports: ports({}, {}) }))
  const [a, b] = created.json.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort)
  const moved = await api.request('PUT', `${path}/a`, service('a', { type: 'NodePort', ports: ports({ port: 8080 }, {}) }))
  assert.deepEqual(
    moved.json.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort),
    [a, b],
  )
  const twice = await api.request('PUT', `${path}/a`, service('a', { type: 'NodePort', ports: ports({ nodePort: a }, { nodePort: a }) }))
  assert.deepEqual([twice.status, twice.json.message], [500, `duplicate nodePort: {TCP ${a}}`])
  const another = service('b', { type: 'NodePort', ports: ports({ nodePort: 30500 }, { nodePort: 30500 }) })
  assert.match(
    (await api.request('POST', path, another)).json.message,
    /spec\.ports\[1\]\.nodePort: Invalid value: 30500: provided port is already allocated/,
  )
})

test('a load balancer without node port allocation has only the node ports that it names', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', path, service('a', { type: 'LoadBalancer' }))
  const { nodePort } = json.spec.ports[0]
  const without = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }
  const named = await api.request('PUT', `${path}/a`, service('a', { ...without, ports: [{ port: 80, nodePort }] }))
  assert.equal(named.json.spec.ports[0].nodePort, nodePort)
  const left = await api.request('PUT', `${path}/a`, service('a', without))
  assert.equal(left.json.spec.ports[0].nodePort, undefined)
  assert.equal((await api.request('POST', path, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] }))).status, 201)
})

test('node ports are released when an update only changes the type', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', path, service('a', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }))
  const { healthCheckNodePort, ports } = json.spec
  const changed = await api.request('PUT', `${path}/a`, { ...json, spec: { ...json.spec, type: 'ClusterIP' } })
  assert.equal(changed.json.spec.ports[0].nodePort, undefined)
  for (const [name, nodePort] of Object.entries({ b: healthCheckNodePort, c: ports[0].nodePort })) {
    assert.equal((await api.request('POST', path, service(name, { type: 'NodePort', ports: [{ port: 80, nodePort }] }))).status, 201)
  }
})

test('explicit ports are reserved even if none would be allocated', async () => {
  await using api = new TestServer()
  const ports = [{ port: 80, nodePort: 30600 }]
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports }
  assert.equal((await api.request('POST', path, service('a', spec))).status, 201)
  assert.equal((await api.request('POST', path, service('b', { type: 'NodePort', ports }))).status, 422)
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30600 }
  const health = await api.request('POST', path, service('c', local))
  assert.deepEqual(
    [health.status, health.json.message],
    [500, 'Internal error occurred: failed to allocate requested HealthCheck NodePort 30600: provided port is already allocated'],
  )
})

const ofAnother = { type: 'ExternalName', externalName: 'a.b', ports: [{ port: 80, nodePort: 30700 }] }
const grabs: { name: string; grab(api: TestServer): Promise<unknown> }[] = [
  { name: 'is deleted', grab: api => api.request('DELETE', `${path}/b`) },
  { name: 'names it no longer', grab: api => api.request('PUT', `${path}/b`, service('b', { ...ofAnother, ports: [{ port: 80 }] })) },
  { name: 'becomes one that has some', grab: api => api.request('PUT', `${path}/b`, service('b', { ...ofAnother, type: 'NodePort' })) },
]
for (const { name, grab } of grabs) {
  test(`a node port stays with its Service when an ExternalName that names it ${name}`, async () => {
    await using api = new TestServer()
    const spec = { type: 'NodePort', ports: ofAnother.ports }
    assert.equal((await api.request('POST', path, service('a', spec))).status, 201)
    assert.equal((await api.request('POST', path, service('b', ofAnother))).status, 201)
    await grab(api)
    assert.notEqual((await api.get(`${path}/b`)).json.spec?.type, 'NodePort')
    assert.equal((await api.request('POST', path, service('c', spec))).status, 422)
    await api.request('DELETE', `${path}/a`)
    assert.equal((await api.request('POST', path, service('c', spec))).status, 201)
  })
}
