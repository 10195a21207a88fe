import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const merge = { 'content-type': 'application/merge-patch+json' }
/** Together less than a store keeps, with as many names once more in the managed fields more. */
const data: Record<string, string> = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`${'key'.repeat(24)}${index}`, 'A']))
const small = { metadata: { name: 'a' }, data: { k: 'v' } }
const large = { metadata: { name: 'a' }, data: { ...data, k: 'v' } }

const writes: readonly [string, (api: TestServer) => ReturnType<TestServer['request']>][] = [
  ['a creation', api => api.request('POST', path, large)],
  [
    'an update',
    async api => {
      await api.create(path, small)
      return api.request('PUT', `${path}/a`, large)
    },
  ],
  [
    'a patch',
    async api => {
      await api.create(path, small)
      return api.request('PATCH', `${path}/a`, { data }, merge)
    },
  ],
]
for (const [what, write] of writes) {
  test(`${what} is stored without managed fields if it is too large with them, and cannot be applied to`, async () => {
    await using api = new TestServer()
    const { status, json } = await write(api)
    assert.ok(status < 300, String(status))
    assert.equal(json.metadata.managedFields, undefined)
    assert.equal(Object.keys((await api.get(`${path}/a`)).json.data).length, 10_001)
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { a: 'b' } } }
    const applied = await api.request('PATCH', `${path}/a?fieldManager=m`, config, { 'content-type': 'application/apply-patch+yaml' })
    assert.equal(applied.status, 500)
    assert.equal(applied.json.message, 'etcdserver: request is too large')
    assert.equal((await api.get(`${path}/a`)).json.metadata.labels, undefined)
  })
}

test('an object that is too large even so is refused, and nothing is written', async () => {
  await using api = new TestServer()
  const pod = (image: string) => ({
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image, env: [{ name: 'a', value: 'x'.repeat(1_600_000) }] }] },
  })
  const { status, json } = await api.request('POST', '/api/v1/namespaces/default/pods', pod('i'))
  assert.equal(status, 500)
  assert.equal(json.message, 'etcdserver: request is too large')
  assert.equal((await api.get('/api/v1/namespaces/default/pods/p')).status, 404)
})
