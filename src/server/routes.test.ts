import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from './testing.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'

const unrouted: readonly (readonly [string, string])[] = [
  ['POST', `${maps}/a`],
  ['PUT', maps],
  ['POST', '/api/v1/configmaps'],
  ['DELETE', '/api/v1/configmaps'],
  ['DELETE', '/api/v1/nodes/a/status'],
  ['POST', '/version'],
  ['HEAD', maps],
  ['HEAD', `${maps}/a`],
]
for (const [method, path] of unrouted) {
  test(`${method} ${path} is a method that the path has not`, async () => {
    await using api = new TestServer()
    const { status, json } = await api.request(method, path, {})
    assert.equal(status, 405)
    assert.equal(json.message, 'the server does not allow this method on the requested resource')
  })
}

test('a patch cannot make another kind of an object', async () => {
  await using api = new TestServer()
  await api.request('POST', maps, { metadata: { name: 'a' } })
  const merge = await api.request('PATCH', `${maps}/a`, { kind: 'Secret' }, { 'content-type': 'application/merge-patch+json' })
  assert.equal(merge.status, 422)
  assert.match(merge.json.message, /converting \(v1\.Secret\) to \(core\.ConfigMap\): unknown conversion/)
  const strategic = await api.request(
    'PATCH',
    `${maps}/a`,
    { kind: 'Secret' },
    { 'content-type': 'application/strategic-merge-patch+json' },
  )
  assert.equal(strategic.json.kind, 'ConfigMap')
})

test('some kinds can only be replaced in the version that the client names', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', leases, { metadata: { name: 'a' }, spec: {} })
  const blind = await api.request('PUT', `${leases}/a`, { metadata: { name: 'a' }, spec: { holderIdentity: 'me' } })
  assert.equal(blind.status, 422)
  assert.equal(
    blind.json.message,
    'leases.coordination.k8s.io "a" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
  )
  const named = { metadata: { name: 'a', resourceVersion: json.metadata.resourceVersion }, spec: { holderIdentity: 'me' } }
  assert.equal((await api.request('PUT', `${leases}/a`, named)).status, 200)
})

test('the documents for verifying tokens are served as they were given', async () => {
  await using api = new TestServer({ oidc: { configuration: '{"issuer":"i"}', keySet: '{"keys":[]}' } })
  assert.deepEqual((await api.request('GET', '/.well-known/openid-configuration')).json, { issuer: 'i' })
  assert.equal((await api.request('GET', '/openid/v1/jwks')).headers['content-type'], 'application/jwk-set+json')
})

const table = 'application/json;as=Table;g=meta.k8s.io;v=v1'
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const documents: readonly (readonly [method: string, path: string, accept: string, status: number])[] = [
  ['HEAD', '/api', '*/*', 405],
  ['HEAD', '/apis/apps/v1', '*/*', 405],
  ['HEAD', '/version', '*/*', 405],
  ['HEAD', '/openid/v1/jwks', '*/*', 405],
  ['HEAD', '/apis', '*/*', 200],
  ['HEAD', '/apis/apps', '*/*', 200],
  ['HEAD', '/livez', '*/*', 200],
  ['HEAD', '/api', 'text/html', 405],
  ['GET', '/api', aggregated, 200],
  ['GET', '/apis', aggregated, 200],
  ['GET', '/apis/apps/v1', aggregated, 406],
  ['GET', '/apis/apps/v1', `${aggregated},application/yaml`, 200],
  ['GET', '/api/v1', 'application/*', 406],
  ['GET', '/apis', 'application/*', 200],
  ['GET', '/apis', 'text/html', 406],
  ['GET', '/apis', table, 406],
  ['GET', '/apis/apps/v1', `${table}, application/json`, 200],
  ['GET', '/apis/apps/v9', 'text/html', 404],
  ['GET', '/version', 'application/yaml', 406],
  ['GET', '/version', table, 200],
  ['GET', '/openid/v1/jwks', 'application/json', 406],
  ['GET', '/openid/v1/jwks', 'application/jwk-set+json', 200],
  ['GET', '/livez', 'text/html', 200],
]
for (const [method, path, accept, expected] of documents) {
  test(`${method} ${path} with Accept ${accept} is a ${expected}`, async () => {
    await using api = new TestServer({ oidc: { configuration: '{"issuer":"i"}', keySet: '{"keys":[]}' } })
    assert.equal((await api.request(method, path, undefined, { accept })).status, expected)
  })
}

const patched: readonly (readonly [patch: string, type: string, status: number, message: RegExp])[] = [
  ['{"kind":1}', 'merge-patch', 422, /cannot unmarshal number into Go struct field \.kind of type string$/],
  ['{"apiVersion":1}', 'merge-patch', 422, /cannot unmarshal number into Go struct field \.apiVersion of type string$/],
  ['{"kind":1}', 'strategic-merge-patch', 422, /"map\[kind:1\]": cannot convert int64 to string$/],
  ['{"kind":{}}', 'strategic-merge-patch', 422, /"map\[kind:map\[\]\]": unrecognized type: string$/],
  ['{"apiVersion":null}', 'strategic-merge-patch', 200, /^$/],
  ['{"kind":null}', 'merge-patch', 200, /^$/],
  ['{"apiVersion":null}', 'merge-patch', 400, /^the name of the object \(a based on URL\) was undeterminable: name must be provided$/],
  ['[{"op":"remove","path":"/apiVersion"}]', 'json-patch', 400, /^the name of the object \(a based on URL\) was undeterminable/],
]
for (const [patch, type, expected, message] of patched) {
  test(`a ${type} of ${patch} is a ${expected}`, async () => {
    await using api = new TestServer()
    await api.request('POST', maps, { metadata: { name: 'a' } })
    const { status, json } = await api.request('PATCH', `${maps}/a`, JSON.parse(patch), { 'content-type': `application/${type}+json` })
    assert.equal(status, expected)
    assert.match(json.message ?? '', message)
  })
}

test('a patch that removes the version is refused if the kind requires one', async () => {
  await using api = new TestServer()
  await api.request('POST', leases, { metadata: { name: 'a' }, spec: {} })
  await api.request('POST', maps, { metadata: { name: 'a' } })
  const patch = { metadata: { resourceVersion: '' }, spec: { holderIdentity: 'me' } }
  const merge = { 'content-type': 'application/merge-patch+json' }
  const refused = await api.request('PATCH', `${leases}/a`, patch, merge)
  assert.equal(refused.status, 422)
  assert.match(
    refused.json.message,
    /^leases\.coordination\.k8s\.io "a" is invalid: metadata\.resourceVersion: .* must be specified for an update$/,
  )
  assert.equal((await api.request('PATCH', `${leases}/a`, { spec: patch.spec }, merge)).status, 200)
  assert.equal((await api.request('PATCH', `${maps}/a`, { metadata: patch.metadata }, merge)).status, 200)
})

test('the uid that a dry run demands is compared before the key of the object has its prefix', async () => {
  await using api = new TestServer()
  await api.request('POST', maps, { metadata: { name: 'a' } })
  const key = async (query: string): Promise<string | undefined> => {
    const { json } = await api.request('PUT', `${maps}/a${query}`, { metadata: { name: 'a', uid: 'x' } })
    return /Key: ([^,]*)/.exec(json.message)?.[1]
  }
  assert.deepEqual([await key(''), await key('?dryRun=All')], ['/registry/configmaps/default/a', '/configmaps/default/a'])
})

const scales: readonly (readonly [path: string, get: string, change: string])[] = [
  ['/apis/apps/v1/namespaces/default/deployments', 'deployments/scale.apps', 'deployments.apps'],
  ['/apis/apps/v1/namespaces/default/replicasets', 'replicasets/scale.apps', 'replicasets.apps'],
  ['/apis/apps/v1/namespaces/default/statefulsets', 'statefulsets.apps', 'statefulsets.apps'],
  ['/api/v1/namespaces/default/replicationcontrollers', 'replicationcontrollers/scale.autoscaling', 'replicationcontrollers'],
]
for (const [path, get, change] of scales) {
  test(`a missing scale below ${path} is named ${get} for a read, ${change} for a change`, async () => {
    await using api = new TestServer()
    const scale = { metadata: { name: 'a', namespace: 'default' }, spec: { replicas: 1 } }
    assert.equal((await api.request('GET', `${path}/a/scale`)).json.message, `${get} "a" not found`)
    assert.equal((await api.request('PUT', `${path}/a/scale`, scale)).json.message, `${change} "a" not found`)
    const merge = { 'content-type': 'application/merge-patch+json' }
    assert.equal((await api.request('PATCH', `${path}/a/scale`, { spec: scale.spec }, merge)).json.message, `${change} "a" not found`)
  })
}

test('a group without a name is none: the kinds of the core have one path', async () => {
  await using api = new TestServer()
  for (const path of ['/apis//v1/pods', '/apis//v1/namespaces/a/secrets', '/apis//v1/namespaces/a/configmaps/b']) {
    assert.equal((await api.get(path)).status, 404, path)
  }
  assert.equal((await api.request('POST', '/apis//v1/namespaces/a/configmaps', { metadata: { name: 'b' } })).status, 404)
})
