import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxValues } from '../../api/schema/decode.ts'
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

test('update() without a change creates no revision', async () => {
  await using api = new TestServer()
  const created = await api.create(path, { metadata: { name: 'a' }, data: { x: '1' } })
  const before = api.store.revision
  const { status, json } = await api.request('PUT', `${path}/a`, { metadata: { name: 'a' }, data: { x: '1' } })
  assert.equal(status, 200)
  assert.deepEqual(json, created)
  assert.equal(api.store.revision, before)
})

test('update() that spells out an empty map is refused of an immutable object, and stores none of others', async () => {
  await using api = new TestServer()
  const { json: fixed } = await api.request('POST', path, { metadata: { name: 'fixed' }, immutable: true, data: {}, binaryData: {} })
  const { json: free } = await api.request('POST', path, { metadata: { name: 'free', labels: { a: 'b' } }, data: {} })
  assert.deepEqual([fixed.data, fixed.metadata.managedFields[0].fieldsV1], [undefined, { 'f:immutable': {} }])
  const refused = await api.request('PUT', `${path}/fixed`, { ...fixed, data: {}, binaryData: {} })
  const why = 'Forbidden: field is immutable when `immutable` is set'
  assert.deepEqual([refused.status, refused.json.message], [422, `ConfigMap "fixed" is invalid: [data: ${why}, binaryData: ${why}]`])
  const taken = await api.request('PUT', `${path}/free`, { ...free, data: {} })
  assert.deepEqual([taken.status, taken.json], [200, free])
  const filled = await api.request('PUT', `${path}/free`, { ...free, data: {}, binaryData: { b: 'AA==' } })
  assert.deepEqual(filled.json.metadata.managedFields[0].fieldsV1, {
    'f:binaryData': { '.': {}, 'f:b': {} },
    'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
  })
  const merged = await api.request('PATCH', `${path}/fixed`, { data: {} }, { 'content-type': 'application/merge-patch+json' })
  assert.equal(merged.status, 422)
  const apply = { 'content-type': 'application/apply-patch+yaml' }
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'free' }, data: {} }
  const applied = await api.request('PATCH', `${path}/free?fieldManager=m`, config, apply)
  assert.deepEqual([applied.status, applied.json.data], [200, undefined])
})

test('update() of a missing object answers 404, or creates a lease', async () => {
  await using api = new TestServer()
  assert.equal((await api.request('PUT', `${path}/a`, { metadata: { name: 'a' } })).status, 404)
  const lease = await api.request('PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/a', { metadata: { name: 'a' } })
  assert.equal(lease.status, 201)
  const versioned = { metadata: { name: 'b', resourceVersion: '5' } }
  assert.equal((await api.request('PUT', '/api/v1/namespaces/default/limitranges/b', { ...versioned, spec: { limits: [] } })).status, 201)
})

test('update() refuses another name and another uid', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const name = await api.request('PUT', `${path}/a`, { metadata: { name: 'b' } })
  assert.equal(name.status, 400)
  assert.equal(name.json.message, 'the name of the object (b) does not match the name on the URL (a)')
  const unnamed = await api.request('PUT', `${path}/a`, { metadata: {} })
  assert.equal(unnamed.json.message, 'the name of the object (a based on URL) was undeterminable: name must be provided')
  const uid = await api.request('PUT', `${path}/a`, { metadata: { name: 'a', uid: 'x' } })
  assert.equal(uid.status, 409)
  assert.match(
    uid.json.message,
    /: StorageError: invalid object, Code: 4, Key: \/registry\/configmaps\/default\/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: .+/,
  )
  const gone = await api.request('PUT', `${path}/b`, { metadata: { name: 'b', uid: 'x' } })
  assert.equal(gone.status, 409)
  assert.match(gone.json.message, /UID in precondition: x, UID in object meta: $/)
})

test('update() and patch() look at the namespace before the name, and at both before the object', async () => {
  await using api = new TestServer()
  const elsewhere = { metadata: { namespace: 'x', name: 'b' } }
  const sent = await api.request('PUT', `${path}/a`, elsewhere)
  assert.deepEqual(
    [sent.status, sent.json.message],
    [400, 'the namespace of the provided object does not match the namespace sent on the request'],
  )
  await api.create(path, { metadata: { name: 'a' } })
  assert.equal((await api.request('PATCH', `${path}/a`, elsewhere)).json.message, sent.json.message)
  const scale = await api.request('PUT', `${deployments}/d/scale`, { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'e' } })
  assert.equal(scale.json.message, 'the name of the object (e) does not match the name on the URL (d)')
})

test("patch() of a generateName is validated by the kind's update rules", async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  await api.create(deployments, deployment(1))
  const prefixed = async (where: string, generateName: string) => (await api.request('PATCH', where, { metadata: { generateName } })).status
  assert.equal(await prefixed(`${path}/a`, 'b-'), 200)
  assert.equal(await prefixed(`${path}/a`, 'B_'), 422)
  assert.equal(await prefixed(`${deployments}/d`, 'B_'), 200)
  assert.equal(await prefixed(`${deployments}/d`, 'b%'), 422)
})

test('patch() of a uid is refused as a change', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const { status, json } = await api.request('PATCH', `${path}/a`, { metadata: { uid: 'x' } })
  assert.equal(status, 422)
  assert.equal(json.message, 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "x": field is immutable')
  const moved = await api.request('PATCH', `${path}/a`, { metadata: { namespace: 'x' } })
  assert.equal(moved.json.message, 'the namespace of the provided object does not match the namespace sent on the request')
})

const versions: readonly { name: string; sent: string; status: number; message?: string }[] = [
  { name: 'no number', sent: 'x', status: 500, message: 'strconv.ParseUint: parsing "x": invalid syntax' },
  {
    name: 'too large a number',
    sent: '99999999999999999999',
    status: 500,
    message: 'strconv.ParseUint: parsing "99999999999999999999": value out of range',
  },
  { name: 'zero, which is not a version', sent: '0', status: 200 },
]
for (const { name, sent, status, message } of versions) {
  test(`update() with a version that is ${name}`, async () => {
    await using api = new TestServer()
    await api.create(path, { metadata: { name: 'a' } })
    const answer = await api.request('PUT', `${path}/a`, { metadata: { name: 'a', resourceVersion: sent }, data: { x: '1' } })
    assert.equal(answer.status, status)
    if (message !== undefined) assert.equal(answer.json.message, message)
  })
}

test('update() puts back the times of the server and refuses claimed ones', async () => {
  await using api = new TestServer()
  const created = await api.create(path, { metadata: { name: 'a' } })
  const put = (metadata: object) => api.request('PUT', `${path}/a`, { metadata: { name: 'a', ...metadata } })
  const times = await put({ creationTimestamp: '2020-01-01T00:00:00Z' })
  assert.equal(times.status, 200)
  assert.equal(times.json.metadata.creationTimestamp, created.metadata.creationTimestamp)
  assert.equal((await put({ deletionTimestamp: '2020-01-01T00:00:00Z' })).json.details.causes[0].field, 'metadata.deletionTimestamp')
  assert.equal((await put({ deletionGracePeriodSeconds: 5 })).json.details.causes[0].field, 'metadata.deletionGracePeriodSeconds')
})

test('update() of annotations counts for a deployment, of its own labels for a pod template not', async () => {
  await using api = new TestServer()
  await api.create(deployments, deployment(1))
  const patch = async (at: string, body: unknown) => (await api.request('PATCH', at, body)).json.metadata.generation
  assert.equal(await patch(`${deployments}/d`, { metadata: { annotations: { a: 'b' } } }), 2)
  assert.equal(await patch(`${deployments}/d/status`, { metadata: { annotations: { a: 'c' } } }), 2)
  const templates = '/api/v1/namespaces/default/podtemplates'
  await api.create(templates, { metadata: { name: 't' }, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } })
  assert.equal(await patch(`${templates}/t`, { metadata: { labels: { a: 'b' } } }), 1)
  assert.equal(await patch(`${templates}/t`, { template: { metadata: { labels: { a: 'b' } } } }), 2)
  assert.equal(await patch(`${templates}/t`, { template: { spec: { hostname: 'h' } } }), 3)
})

test('update() counts generation for spec and not for labels or status', async () => {
  await using api = new TestServer()
  await api.create(deployments, deployment(1))
  const patch = async (body: unknown, at = '') => (await api.request('PATCH', `${deployments}/d${at}`, body)).json.metadata.generation
  assert.equal(await patch({ metadata: { labels: { x: 'y' } } }), 1)
  assert.equal(await patch({ status: { replicas: 3 } }, '/status'), 1)
  assert.equal(await patch({ spec: { replicas: 2 } }), 2)
})

test('update() does not count an amount that is written another way', async () => {
  await using api = new TestServer()
  const pods = '/api/v1/namespaces/default/pods'
  const pod = (memory: string) => ({
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { memory } } }] },
  })
  await api.create(pods, pod('1Gi'))
  const { json } = await api.request('PUT', `${pods}/p`, pod('1073741824'))
  assert.deepEqual([json.metadata.generation, json.spec.containers[0].resources.requests.memory], [1, '1073741824'])
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
  const missing = await api.get(`${deployments}/e/scale`)
  assert.equal(missing.json.message, 'deployments/scale.apps "e" not found')
  const uid = await api.request('PATCH', `${deployments}/d/scale`, { metadata: { uid: 'x' } })
  assert.match(
    uid.json.message,
    /^Operation cannot be fulfilled on deployments\/scale\.apps "d": Precondition failed: UID in precondition: x/,
  )
})

test('scale is an object with metadata of its own', async () => {
  await using api = new TestServer()
  await api.create(deployments, deployment(1))
  const sent = (metadata: object) => ({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name: 'd', ...metadata },
    spec: { replicas: 2 },
  })
  const elsewhere = await api.request('PUT', `${deployments}/d/scale`, sent({ namespace: 'other' }))
  assert.equal(elsewhere.status, 400)
  const labelled = await api.request('PUT', `${deployments}/d/scale`, sent({ labels: { '-': 'x' } }))
  assert.equal(labelled.status, 422)
  assert.match(labelled.json.message, /^Scale\.autoscaling "d" is invalid: metadata\.labels: Invalid value: "-"/)
  const nowhere = await api.request('PATCH', `${deployments}/d/scale`, { metadata: { namespace: null } })
  assert.equal(nowhere.status, 200)
  const moved = await api.request('PATCH', `${deployments}/d/scale`, { metadata: { namespace: 'other' } })
  assert.equal(moved.json.message, 'the namespace of the provided object does not match the namespace sent on the request')
  assert.equal((await api.request('PUT', `${deployments}/d/scale`, sent({}))).status, 200)
})

test('update() of a status without its own rules applies only those of every object', async () => {
  await using api = new TestServer()
  const cronJobs = '/apis/batch/v1/namespaces/default/cronjobs'
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }
  const created = await api.create(cronJobs, { metadata: { name: 'c' }, spec: { schedule: '@daily', jobTemplate: { spec: { template } } } })
  const held = { ...created, metadata: { ...created.metadata, finalizers: ['held'] } }
  assert.equal((await api.request('PUT', `${cronJobs}/c`, held)).status, 422)
  assert.equal((await api.request('PUT', `${cronJobs}/c/status`, held)).status, 200)
})

test('scale is validated as a change of the parent', async () => {
  await using api = new TestServer()
  const object = deployment(1)
  const disk = { name: 'd', gcePersistentDisk: { pdName: 'p' } }
  await api.create(deployments, {
    ...object,
    spec: { ...object.spec, template: { ...object.spec.template, spec: { ...object.spec.template.spec, volumes: [disk] } } },
  })
  const { status, json } = await api.request('PATCH', `${deployments}/d/scale`, { spec: { replicas: 2 } })
  assert.equal(status, 422)
  assert.equal(json.details.causes[0].field, 'spec.template.spec.volumes[0].gcePersistentDisk.readOnly')
})

test('update() counts the labels of an endpoint slice, and no annotation of it', async () => {
  await using api = new TestServer()
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  await api.create(slices, { metadata: { name: 's' }, addressType: 'IPv4', endpoints: [], ports: [] })
  const patch = async (body: unknown) => (await api.request('PATCH', `${slices}/s`, body)).json.metadata.generation
  assert.equal(await patch({ metadata: { annotations: { a: 'b' } } }), 1)
  assert.equal(await patch({ metadata: { labels: { a: 'b' } } }), 2)
  assert.equal(await patch({ endpoints: [{ addresses: ['192.0.2.1'] }] }), 3)
})

test('update() creates a missing lease, whatever version it names', async () => {
  await using api = new TestServer()
  const lease = { metadata: { name: 'l', namespace: 'default', resourceVersion: '5' }, spec: { holderIdentity: 'a' } }
  const { status, json } = await api.request('PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/l', lease)
  assert.deepEqual([status, json.spec.holderIdentity], [201, 'a'])
})

test('update() takes back the largest object that create() takes, with its managed fields, and no more values than that', async () => {
  await using api = new TestServer()
  const data = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, '']))
  const most = maxValues - 100
  const created = await api.create(path, { metadata: { name: 'a' }, data: data(most) })
  assert.equal((await api.request('PUT', `${path}/a`, { ...created, data: { ...data(most), k0: 'changed' } })).status, 200)
  const post = await api.request('POST', path, { metadata: { name: 'b' }, data: data(maxValues) })
  assert.deepEqual([post.status, post.json.message], [400, `the body has more than ${maxValues} values`])
  const put = await api.request('PUT', `${path}/a`, { metadata: { name: 'a' }, data: data(3 * maxValues) })
  assert.deepEqual([put.status, put.json.message], [400, `the body has more than ${3 * maxValues} values`])
})
