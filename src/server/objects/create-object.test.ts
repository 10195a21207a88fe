import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'
import { noAdmission } from './write-parts.ts'

const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }
const at = (namespace: string, plural: string) => `/api/v1/namespaces/${namespace}/${plural}`

test('an owner that is named twice counts once, with a warning', async () => {
  await using api = new TestServer()
  const body = { metadata: { name: 'a', ownerReferences: [owner, { ...owner }] } }
  const { status, json, headers } = await api.request('POST', at('default', 'configmaps'), body)
  assert.equal(status, 201)
  assert.deepEqual(json.metadata.ownerReferences, [owner])
  assert.match(headers['warning'] ?? '', /contains duplicate entries; .* duplicate UID\(s\) observed: u"/)
})

test('an empty map that a plug-in sets is stored as none', async () => {
  await using api = new TestServer({
    admission: {
      ...noAdmission,
      async mutate({ object }) {
        if (object !== undefined) Object.assign(object, { data: {} })
      },
    },
  })
  const path = at('default', 'configmaps')
  const made = await api.request('POST', path, { metadata: { name: 'a' }, data: { k: 'v' } })
  const updated = await api.request('PUT', `${path}/a`, { metadata: { name: 'a' }, data: { k: 'v' }, binaryData: { b: 'AA==' } })
  assert.deepEqual([made.json.data, updated.json.data, updated.status], [undefined, undefined, 200])
})

const twice = { ownerReferences: [owner, owner, owner] }
const afterAdmission = /contains duplicate entries after mutating admission happens; .* duplicate UID\(s\) observed: u, u"/

test('duplicate owners from a patch or a plug-in are reported as found after admission', async () => {
  const names: string[] = []
  await using api = new TestServer({
    admission: {
      ...noAdmission,
      async mutate({ object }) {
        if (names.includes(object?.metadata.name ?? '')) Object.assign(object?.metadata ?? {}, twice)
      },
    },
  })
  const path = at('default', 'configmaps')
  await api.create(path, { metadata: { name: 'a' } })
  const mergePatch = { 'content-type': 'application/merge-patch+json' }
  const patched = await api.request('PATCH', `${path}/a`, { metadata: twice }, mergePatch)
  assert.deepEqual(patched.json.metadata.ownerReferences, [owner])
  assert.match(patched.headers['warning'] ?? '', afterAdmission)
  names.push('a', 'c')
  assert.match((await api.request('PUT', `${path}/a`, { metadata: { name: 'a' } })).headers['warning'] ?? '', afterAdmission)
  const { json, headers } = await api.request('POST', path, { metadata: { name: 'c' } })
  assert.deepEqual(json.metadata.ownerReferences, [owner])
  assert.match(headers['warning'] ?? '', afterAdmission)
})

test('unqualified finalizers are refused by the kinds whose rules know finalizers', async () => {
  await using api = new TestServer()
  const metadata = { name: 'a', finalizers: ['mine'] }
  assert.equal((await api.request('POST', at('default', 'configmaps'), { metadata })).status, 422)
  const lease = await api.request('POST', '/apis/coordination.k8s.io/v1/namespaces/default/leases', { metadata, spec: {} })
  assert.equal(lease.status, 201)
})

test('metadata of a PodDisruptionBudget is validated once the rest is right', async () => {
  await using api = new TestServer()
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const create = (minAvailable: unknown) =>
    api.request('POST', path, {
      metadata: { name: 'a', labels: { 'b/c/d': 'e' } },
      spec: { minAvailable, selector: { matchLabels: { a: 'b' } } },
    })
  const fields = (causes: readonly { field: string }[]) => causes.map(({ field }) => field)
  assert.deepEqual(fields((await create('x')).json.details.causes), ['spec.minAvailable'])
  assert.deepEqual(fields((await create(1)).json.details.causes), ['metadata.labels'])
})

test('lists that are empty come back as Go prints them', async () => {
  await using api = new TestServer()
  const role = await api.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'a' }, rules: [] })
  assert.equal(role.json.rules, null)
  const secret = await api.request('POST', at('default', 'secrets'), { metadata: { name: 'a' }, data: { key: null } })
  assert.deepEqual(secret.json.data, { key: '' })
})
