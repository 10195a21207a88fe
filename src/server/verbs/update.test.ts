import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const deployment = (replicas: number) => ({
  metadata: { name: 'd' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
})

test('update() replaces and takes a new version', async () => {
  await using api = new TestServer()
  const created = await api.create(path, { metadata: { name: 'a' }, data: { x: '1', y: '1' } })
  const { status, json } = await api.request('PUT', `${path}/a`, { ...created, data: { x: '2' } })
  assert.equal(status, 200)
  assert.deepEqual(json.data, { x: '2' })
  assert.notEqual(json.metadata.resourceVersion, created.metadata.resourceVersion)
  assert.equal(json.metadata.uid, created.metadata.uid)
})

test('update() with an old version is a conflict in upstream words', async () => {
  await using api = new TestServer()
  const created = await api.create(path, { metadata: { name: 'a' } })
  await api.request('PUT', `${path}/a`, { metadata: { name: 'a' }, data: { x: '1' } })
  const { status, json } = await api.request('PUT', `${path}/a`, { ...created, data: { x: '2' } })
  assert.equal(status, 409)
  assert.equal(
    json.message,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  )
})

test('update() that changes nothing makes no revision', async () => {
  await using api = new TestServer()
  const created = await api.create(path, { metadata: { name: 'a' }, data: { x: '1' } })
  const before = api.store.revision
  const { status, json } = await api.request('PUT', `${path}/a`, { metadata: { name: 'a' }, data: { x: '1' } })
  assert.equal(status, 200)
  assert.deepEqual(json, created)
  assert.equal(api.store.revision, before)
})

test('update() of a missing object answers 404, or creates a lease', async () => {
  await using api = new TestServer()
  assert.equal((await api.request('PUT', `${path}/a`, { metadata: { name: 'a' } })).status, 404)
  const lease = await api.request('PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/a', { metadata: { name: 'a' } })
  assert.equal(lease.status, 201)
})

test('update() refuses another name and another uid', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const name = await api.request('PUT', `${path}/a`, { metadata: { name: 'b' } })
  assert.equal(name.status, 400)
  assert.equal(name.json.message, 'the name of the object (b) does not match the name on the URL (a)')
  assert.equal((await api.request('PUT', `${path}/a`, { metadata: { name: 'a', uid: 'x' } })).status, 409)
})

test('update() counts generation for spec and not for labels or status', async () => {
  await using api = new TestServer()
  await api.create(deployments, deployment(1))
  const patch = async (body: unknown, at = '') => (await api.request('PATCH', `${deployments}/d${at}`, body)).json.metadata.generation
  assert.equal(await patch({ metadata: { labels: { x: 'y' } } }), 1)
  assert.equal(await patch({ status: { replicas: 3 } }, '/status'), 1)
  assert.equal(await patch({ spec: { replicas: 2 } }), 2)
})

test('status and main path each keep the other side', async () => {
  await using api = new TestServer()
  await api.create(deployments, deployment(1))
  const status = await api.request('PATCH', `${deployments}/d/status`, { spec: { replicas: 9 }, status: { replicas: 1 } })
  assert.equal(status.json.spec.replicas, 1)
  assert.equal(status.json.status.replicas, 1)
  const main = await api.request('PATCH', `${deployments}/d`, { spec: { replicas: 2 }, status: { replicas: 7 } })
  assert.equal(main.json.spec.replicas, 2)
  assert.equal(main.json.status.replicas, 1)
})

test('scale reads and writes the number alone', async () => {
  await using api = new TestServer()
  await api.create(deployments, deployment(1))
  const read = await api.get(`${deployments}/d/scale`)
  assert.equal(read.json.kind, 'Scale')
  assert.equal(read.json.spec.replicas, 1)
  assert.equal(read.json.status.selector, 'app=d')
  const written = await api.request('PUT', `${deployments}/d/scale`, { ...read.json, spec: { replicas: 4 } })
  assert.equal(written.json.spec.replicas, 4)
  const patched = await api.request('PATCH', `${deployments}/d/scale`, { spec: { replicas: 5 } })
  assert.equal(patched.json.spec.replicas, 5)
  const parent = await api.get(`${deployments}/d`)
  assert.equal(parent.json.spec.replicas, 5)
  assert.equal(parent.json.metadata.generation, 3)
  assert.equal((await api.request('PUT', `${deployments}/d/scale`, { metadata: { name: 'd' }, spec: { replicas: -1 } })).status, 422)
  assert.equal((await api.request('PUT', `${deployments}/d/scale`, read.json)).status, 409)
})
