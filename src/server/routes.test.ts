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
