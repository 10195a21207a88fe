import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noAdmission } from '../objects/write-parts.ts'
import { allowWhere, TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const type = (name: string) => ({ 'content-type': `application/${name}+json` })

test('patch() takes JSON patches, merge patches and strategic merge patches', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' }, data: { x: '1' } })
  const json = await api.request('PATCH', `${path}/a`, [{ op: 'add', path: '/data/y', value: '2' }], type('json-patch'))
  assert.deepEqual(json.json.data, { x: '1', y: '2' })
  const merge = await api.request('PATCH', `${path}/a`, { data: { x: null } }, type('merge-patch'))
  assert.deepEqual(merge.json.data, { y: '2' })
  const strategic = await api.request('PATCH', `${path}/a`, { data: { z: '3' } }, type('strategic-merge-patch'))
  assert.deepEqual(strategic.json.data, { y: '2', z: '3' })
})

const unread = 'strconv.ParseInt: parsing "x": invalid syntax'
const rollback = `failed to parse annotation[deprecated.deployment.rollback.to]=x as int64: ${unread}`
const generation = { 'deprecated.daemonset.template.generation': 'x' }
const unreadable: [name: string, kind: string, annotations: Record<string, string>, status: number, message: string][] = [
  ['merge-patch', 'daemonsets', generation, 422, `: ${unread}`],
  ['merge-patch', 'deployments', { 'deprecated.deployment.rollback.to': 'x' }, 422, `: ${rollback}`],
  ['strategic-merge-patch', 'deployments', { 'deprecated.deployment.rollback.to': 'x' }, 500, rollback],
  ['apply-patch', 'deployments', { 'deprecated.deployment.rollback.to': 'x' }, 500, `failed to convert to unversioned: ${rollback}`],
]
for (const [name, kind, annotations, status, message] of unreadable) {
  test(`patch() with a ${name} creates no object of ${kind} that upstream cannot read`, async () => {
    await using api = new TestServer()
    const at = `/apis/apps/v1/namespaces/default/${kind}`
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    await api.create(at, { metadata: { name: 'w' }, spec: { selector: { matchLabels: { a: 'b' } }, template } })
    const applied = name === 'apply-patch'
    const body = { ...(applied ? { apiVersion: 'apps/v1', kind: 'Deployment' } : {}), metadata: { annotations } }
    const contentType = `application/${name}+${applied ? 'yaml' : 'json'}`
    const answer = await api.request('PATCH', `${at}/w?fieldManager=m`, body, { 'content-type': contentType })
    assert.equal(answer.status, status, answer.text)
    assert.ok(answer.json.message.endsWith(message), answer.json.message)
    if (status === 500) assert.equal(answer.json.reason, undefined)
  })
}

test('patch() refuses unknown types with 415', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  for (const contentType of ['text/plain', '', 'Application/merge-patch+json', 'application/merge-patch+json ; charset=utf-8']) {
    // Before anything is looked at but the right to it: the object, the options, the form of the answer.
    const headers = { 'content-type': contentType, accept: 'image/png' }
    const { status, json } = await api.request('PATCH', `${path}/none?dryRun=x`, {}, headers)
    assert.equal(status, 415)
    assert.match(json.message, /accepted media types include: application\/json-patch\+json, application\/merge-patch\+json/)
  }
})

test('patch() that loses a race runs again and keeps both changes', async () => {
  let meet = true
  const api: TestServer = new TestServer({
    admission: {
      ...noAdmission,
      async mutate({ operation }) {
        if (operation !== 'UPDATE' || !meet) return
        meet = false
        const other = await api.request('PATCH', `${path}/a`, { data: { other: '1' } })
        assert.equal(other.status, 200)
      },
    },
  })
  await using _ = api
  await api.create(path, { metadata: { name: 'a' } })
  const { status, json } = await api.request('PATCH', `${path}/a`, { data: { mine: '1' } })
  assert.equal(status, 200)
  assert.deepEqual(json.data, { mine: '1', other: '1' })
})

test('patch() with a version is a precondition', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  assert.equal((await api.request('PATCH', `${path}/a`, { metadata: { resourceVersion: '1' }, data: { x: '1' } })).status, 409)
  const { json } = await api.get(`${path}/a`)
  const patch = { metadata: { resourceVersion: json.metadata.resourceVersion }, data: { x: '1' } }
  assert.equal((await api.request('PATCH', `${path}/a`, patch)).status, 200)
})

test('patch() of a missing object answers 404, whatever the body', async () => {
  await using api = new TestServer()
  const many = Array(10_001).fill({ op: 'test', path: '', value: 1 })
  const bodies: [type: string, body: unknown][] = [
    ['merge-patch', { data: {} }],
    ['merge-patch', Buffer.from('{')],
    ['json-patch', Buffer.from('{')],
    ['json-patch', many],
    ['strategic-merge-patch', Buffer.from('[')],
  ]
  for (const [name, body] of bodies) assert.equal((await api.request('PATCH', `${path}/a`, body, type(name))).status, 404, name)
  const deployment = '/apis/apps/v1/namespaces/default/deployments/d'
  const apply = { 'content-type': 'application/apply-patch+yaml' }
  for (const subresource of ['status', 'scale']) {
    const { status } = await api.request('PATCH', `${deployment}/${subresource}?fieldManager=m`, Buffer.from('{'), apply)
    assert.equal(status, 404, subresource)
  }
  assert.equal((await api.request('PATCH', `${deployment}?fieldManager=m`, Buffer.from('{'), apply)).status, 400)
})

test('an unsupported method is reported before the forms of body and answer', async () => {
  await using api = new TestServer()
  const headers = { 'content-type': 'text/plain', accept: 'image/png' }
  for (const where of [path, `${path}/a`.replace('configmaps/a', 'pods/p/log')]) {
    assert.equal((await api.request('PATCH', where, {}, headers)).status, 405, where)
  }
})

test('patch() reports missing rights before errors of the body', async () => {
  await using api = new TestServer({ authorize: allowWhere(() => false) })
  assert.equal((await api.request('PATCH', `${path}/a?dryRun=x`, {}, { 'content-type': 'text/plain' })).status, 403)
})

test("patch() keeps an object's path and kind", async () => {
  await using api = new TestServer()
  const { metadata } = await api.create(path, { metadata: { name: 'a' }, data: { x: '1' } })
  const send = (change: object) => api.request('PATCH', `${path}/a`, { metadata: change })
  const refused: [change: object, status: number, message: RegExp][] = [
    [{ name: 'b' }, 400, /^the name of the object \(b\) does not match the name on the URL \(a\)$/],
    [{ name: null }, 400, /name must be provided$/],
    [{ namespace: 'b' }, 400, /^the namespace of the provided object does not match the namespace sent on the request$/],
    [{ uid: 'b' }, 422, /metadata\.uid: Invalid value: "b": field is immutable$/],
    [{ resourceVersion: 'b' }, 500, /^strconv\.ParseUint: parsing "b": invalid syntax$/],
  ]
  for (const [change, status, message] of refused) {
    const answer = await send(change)
    assert.equal(answer.status, status)
    assert.match(answer.json.message, message)
  }
  const ignored = [{ namespace: null }, { uid: null }, { resourceVersion: null }, { resourceVersion: '0' }, { creationTimestamp: null }]
  for (const change of [...ignored, { creationTimestamp: '2000-01-01T00:00:00Z' }, { generation: 7 }]) {
    const { status, json } = await send(change)
    assert.equal(status, 200)
    assert.equal(json.metadata.resourceVersion, metadata.resourceVersion)
    assert.equal(json.metadata.uid, metadata.uid)
  }
})

test('patch() as a dry run returns the result, and changes nothing', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const before = api.store.revision
  const operations = [{ op: 'add', path: '/data', value: { x: '1' } }]
  const { json } = await api.request('PATCH', `${path}/a?dryRun=All`, operations, type('json-patch'))
  assert.deepEqual(json.data, { x: '1' })
  assert.equal(api.store.revision, before)
})

test("patch() of a pod's subresource changes only what it is for", async () => {
  await using api = new TestServer()
  const pods = '/api/v1/namespaces/default/pods'
  const resources = { requests: { cpu: '1' }, limits: { cpu: '2' } }
  await api.create(pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i', resources }] } })
  const send = (subresource: string, kind: string, body: unknown) => api.request('PATCH', `${pods}/p/${subresource}`, body, type(kind))

  const added = await send('ephemeralcontainers', 'strategic-merge-patch', {
    spec: { activeDeadlineSeconds: 5, ephemeralContainers: [{ name: 'e', image: 'i' }] },
  })
  assert.equal(added.status, 200, added.text)
  assert.equal(added.json.spec.activeDeadlineSeconds, undefined)
  const second = { op: 'add', path: '/spec/ephemeralContainers/-', value: { name: 'f', image: 'i' } }
  const both = await send('ephemeralcontainers', 'json-patch', [second])
  assert.deepEqual(
    both.json.spec.ephemeralContainers.map(({ name }: { name: string }) => name),
    ['e', 'f'],
  )
  const third = { op: 'add', path: '/spec/ephemeralContainers/-', value: { name: 'g', image: 'i', ports: [] } }
  const portless = await send('ephemeralcontainers', 'json-patch', [third])
  assert.match(portless.json.message, /: spec.ephemeralContainers\[2\].ports: Forbidden: cannot be set for an Ephemeral Container$/)
  const removed = await send('ephemeralcontainers', 'merge-patch', { spec: { ephemeralContainers: null } })
  assert.equal(removed.status, 422)
  assert.match(removed.json.message, /existing ephemeral containers "e" may not be removed/)

  const resized = await send('resize', 'strategic-merge-patch', {
    spec: { containers: [{ name: 'c', image: 'other', resources: { requests: { cpu: '1500m' } } }] },
  })
  assert.equal(resized.status, 200, resized.text)
  const { image, resources: now } = resized.json.spec.containers[0]
  assert.deepEqual([image, now.requests.cpu, now.limits.cpu], ['i', '1500m', '2'])

  const status = await send('status', 'merge-patch', { spec: { nodeName: 'n' }, status: { phase: 'Running' } })
  assert.deepEqual([status.json.spec.nodeName, status.json.status.phase], [undefined, 'Running'])
  assert.equal((await api.request('PATCH', `${pods}/none/resize`, {}, type('merge-patch'))).status, 404)
})
