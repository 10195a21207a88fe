// Attacks through Services and their endpoints: known vulnerabilities of Kubernetes, each as a request to the API server as it ships.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { connect } from 'node:net'
import { test } from 'node:test'
import { testAuthority } from '../../../access/pki/certificate.fixture.ts'
import { kubernetesEndpoints } from '../../../server/bootstrap.ts'
import { Aggregation } from '../aggregation/aggregation.testing.ts'
import { extensionService } from '../aggregation/extension-server.testing.ts'
import { flunders } from '../aggregation/flunder-server.testing.ts'
import { admin, contentTypes, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const inDefault = '/api/v1/namespaces/default'
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings'
const eve = person('eve')

/** With eve as an editor of the namespace `default`, and a Service there. */
async function withEditor(): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  await api.create(rbac, {
    metadata: { name: 'eve' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
  })
  await api.create(`${inDefault}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } })
  return api
}

test('CVE-2020-8554: an editor of a namespace cannot take traffic of other addresses, neither by externalIPs nor by a load balancer’s status', async () => {
  await using api = await withEditor()
  const refused = async (method: string, path: string, body: object, type?: string) => {
    const { status, text } = await api.request(eve, method, path, body, type)
    assert.equal(status, 403, `${method} ${path}: ${text}`)
  }
  const spec = { ports: [{ port: 80 }], externalIPs: ['203.0.113.9'] }
  await refused('POST', `${inDefault}/services`, { metadata: { name: 't' }, spec })
  await refused('PATCH', `${inDefault}/services/s`, { spec: { externalIPs: ['203.0.113.9'] } })
  const applied = { apiVersion: 'v1', kind: 'Service', metadata: { name: 't' }, spec }
  for (const name of ['s', 't'])
    await refused(
      'PATCH',
      `${inDefault}/services/${name}?fieldManager=m&force=true`,
      { ...applied, metadata: { name } },
      contentTypes.apply,
    )
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } }
  for (const type of [contentTypes.merge, contentTypes.strategic])
    await refused('PATCH', `${inDefault}/services/s/status`, { status }, type)
  // The status cannot be set through the Service itself.
  assert.equal((await api.request(eve, 'PATCH', `${inDefault}/services/s`, { status })).status, 200)
  const { json } = await api.request(admin, 'GET', `${inDefault}/services/s`)
  assert.deepEqual([json.spec.externalIPs, json.status], [undefined, { loadBalancer: {} }])
  assert.equal((await api.request(admin, 'GET', `${inDefault}/services/t`)).status, 404)
})

test("CVE-2020-8554: allowed external addresses are never the machine's own or link-local ones", async t => {
  await using api = await SecuredApi.open({ profile: 'upstream' })
  for (const address of unreachable) {
    await t.test(address, async () => {
      const service = { metadata: { name: 's' }, spec: { ports: [{ port: 80 }], externalIPs: [address] } }
      const { status, text } = await api.request(admin, 'POST', `${inDefault}/services`, service)
      assert.equal(status, 422, text)
    })
  }
})

test('CVE-2021-25740: an editor of a namespace cannot write Endpoints or EndpointSlices', async () => {
  await using api = await withEditor()
  const slice = { metadata: { name: 'x' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] }
  assert.equal((await api.request(eve, 'POST', slices, slice)).status, 403)
  const endpoints = { metadata: { name: 's' }, subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }
  assert.equal((await api.request(eve, 'POST', `${inDefault}/endpoints`, endpoints)).status, 403)
})

test('CVE-2021-25740: an endpoint that names a pod of another namespace routes nothing there', async () => {
  await using made = await Aggregation.open()
  assert.equal((await made.request(admin, 'GET', flunders)).status, 200)
  const targetRef = { kind: 'Pod', namespace: 'kube-system', name: 'wardle-0' }
  const endpoints = [{ addresses: ['10.1.2.3'], conditions: { ready: true }, targetRef }]
  const { status } = await made.request(admin, 'PATCH', `${slices}/${extensionService.name}-1`, { endpoints })
  assert.equal(status, 200)
  assert.equal((await made.until(({ reason }) => reason !== 'Passed')).reason, 'MissingEndpoints')
  assert.equal((await made.request(admin, 'GET', flunders)).status, 503)
})

const profiles = [
  ['secure', false],
  ['upstream', true],
] as const
for (const [profile, isBelieved] of profiles) {
  test(`a proxy to a pod with any certificate ${isBelieved ? 'is made' : 'is refused'} in the ${profile} profile`, async t => {
    await using api = await SecuredApi.open({ profile })
    const own = testAuthority('anybody')
    const key = own.key.export({ format: 'pem', type: 'pkcs8' })
    const backend = createServer({ key, cert: own.pem }, (_request, response) => response.end('believed'))
    backend.on('tlsClientError', () => undefined)
    await once(backend.listen(0, '127.0.0.1'), 'listening')
    t.after(() => backend.close())
    const address = backend.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
    await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
    await api.create(`${inDefault}/pods`, restrictedPod('p', { nodeName: 'n1' }))
    await api.request(admin, 'PATCH', `${inDefault}/pods/p/status`, { status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] } })
    api.server.nodeTunnels.register('n1', async () => ({ status: 200, contentType: '', stream: connect({ port, host: '127.0.0.1' }) }))
    const { status, text } = await api.request(admin, 'GET', `${inDefault}/pods/https:p:443/proxy/x`)
    if (isBelieved) assert.deepEqual([status, text], [200, 'believed'])
    else {
      assert.equal(status, 503)
      assert.match(text, /error trying to reach service: tls: /)
    }
  })
}

const unreachable = ['127.0.0.1', '127.1.2.3', '169.254.169.254', '::1', 'fe80::1', '::ffff:127.0.0.1', '0.0.0.0', '224.0.0.1']
test('CVE-2021-25737: no endpoint is on the machine itself or on its link, in whatever writing', async t => {
  await using api = await SecuredApi.open()
  for (const address of unreachable) {
    await t.test(address, async () => {
      const addressType = address.includes(':') ? 'IPv6' : 'IPv4'
      const slice = { metadata: { name: 'x' }, addressType, endpoints: [{ addresses: [address] }] }
      assert.equal((await api.request(admin, 'POST', slices, slice)).status, 422)
      const endpoints = { metadata: { name: 'x' }, subsets: [{ addresses: [{ ip: address }], ports: [{ port: 80 }] }] }
      assert.equal((await api.request(admin, 'POST', `${inDefault}/endpoints`, endpoints)).status, 422)
    })
  }
})

test('authors of all endpoints in namespace `default` cannot change the address of the API server', async () => {
  await using api = await SecuredApi.open()
  await api.server.ensureObjects(kubernetesEndpoints(['192.0.2.7'], 6443), true)
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
  await api.create(`${roles}/roles`, {
    metadata: { name: 'endpoints' },
    rules: [
      { apiGroups: [''], resources: ['endpoints', 'endpoints/restricted'], verbs: ['*'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices', 'endpointslices/restricted'], verbs: ['*'] },
    ],
  })
  await api.create(`${roles}/rolebindings`, {
    metadata: { name: 'endpoints' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'endpoints' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
  })
  const before = [`${inDefault}/endpoints/kubernetes`, `${slices}/kubernetes`].map(
    async path => (await api.request(admin, 'GET', path)).text,
  )
  const [object, slice] = await Promise.all(before)
  const subsets = [{ addresses: [{ ip: '198.51.100.66' }], ports: [{ port: 443 }] }]
  const of = (kind: string, apiVersion: string, more: object) => ({ apiVersion, kind, metadata: { name: 'kubernetes' }, ...more })
  const stolen = of('Endpoints', 'v1', { subsets })
  const more = { addressType: 'IPv4', endpoints: [{ addresses: ['198.51.100.66'] }], ports: [{ port: 443 }] }
  const stolenSlice = of('EndpointSlice', 'discovery.k8s.io/v1', more)
  const extra = { ...stolenSlice, metadata: { name: 'x', labels: { 'kubernetes.io/service-name': 'kubernetes' } } }
  const attempts: readonly (readonly [string, string, object?, string?])[] = [
    ['PUT', `${inDefault}/endpoints/kubernetes`, stolen],
    ['PATCH', `${inDefault}/endpoints/kubernetes`, { subsets }],
    ['PATCH', `${inDefault}/endpoints/kubernetes?fieldManager=m&force=true`, stolen, contentTypes.apply],
    ['DELETE', `${inDefault}/endpoints/kubernetes`],
    ['DELETE', `${inDefault}/endpoints`],
    ['PUT', `${slices}/kubernetes`, stolenSlice],
    ['PATCH', `${slices}/kubernetes`, { endpoints: more.endpoints }],
    ['DELETE', `${slices}/kubernetes`],
    ['DELETE', slices],
    ['POST', slices, extra],
  ]
  for (const [method, path, body, type] of attempts) {
    const { status, text } = await api.request(eve, method, path, body, type)
    assert.equal(status, 403, `${method} ${path}: ${text}`)
    assert.match(text, /only the API server itself writes/, `${method} ${path}`)
  }
  assert.equal((await api.request(admin, 'GET', `${inDefault}/endpoints/kubernetes`)).text, object)
  assert.equal((await api.request(admin, 'GET', `${slices}/kubernetes`)).text, slice)
  // Her own endpoints stay hers.
  const own = { ...stolen, metadata: { name: 'web' } }
  assert.equal((await api.request(eve, 'POST', `${inDefault}/endpoints`, own)).status, 201)
  // The server restates its address at each start.
  await api.server.ensureObjects(kubernetesEndpoints(['192.0.2.8'], 6443), true)
  assert.match((await api.request(admin, 'GET', `${slices}/kubernetes`)).text, /192\.0\.2\.8/)
})
