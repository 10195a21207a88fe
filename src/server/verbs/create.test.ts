import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../store/memory.ts'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'

test('create() sets uid, time and version and returns the same as get', async () => {
  await using api = new TestServer()
  const created = await api.request('POST', path, { metadata: { name: 'a' }, data: { x: 'y' } })
  assert.equal(created.status, 201)
  const { metadata } = created.json
  assert.equal(metadata.namespace, 'default')
  assert.equal(metadata.creationTimestamp, '2026-01-01T00:00:00Z')
  assert.match(metadata.uid, /^[0-9a-f-]{36}$/)
  assert.match(metadata.resourceVersion, /^\d+$/)
  assert.equal((await api.get(`${path}/a`)).text, created.text)
})

test('create() forgets system fields that a client sends', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', path, {
    metadata: { name: 'a', uid: 'mine', creationTimestamp: '2020-01-01T00:00:00Z', deletionTimestamp: '2020-01-01T00:00:00Z' },
  })
  assert.notEqual(json.metadata.uid, 'mine')
  assert.equal(json.metadata.creationTimestamp, '2026-01-01T00:00:00Z')
  assert.equal(json.metadata.deletionTimestamp, undefined)
})

test('create() answers 409 if the name is taken', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const { status, json } = await api.request('POST', path, { metadata: { name: 'a' } })
  assert.equal(status, 409)
  assert.equal(json.reason, 'AlreadyExists')
  assert.equal(json.message, 'configmaps "a" already exists')
})

test('create() reports that the object with the name is terminating, and that the server generated the name', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a', finalizers: ['example.com/f'] } })
  const message = async (metadata: object) => (await api.request('POST', path, { metadata })).json.message
  const prefixed = 'configmaps "a" already exists, the server was not able to generate a unique name for the object'
  assert.equal(await message({ name: 'a', generateName: 'b-' }), prefixed)
  await api.request('DELETE', `${path}/a`)
  assert.equal(await message({ name: 'a' }), 'object is being deleted: configmaps "a" already exists')
  assert.equal(await message({ name: 'a', generateName: 'b-' }), `object is being deleted: ${prefixed}`)
})

test('create() generates another name if the first is taken', async () => {
  const suffixes = ['aaaaa', 'aaaaa', 'bbbbb']
  let uids = 0
  const identifiers = { uid: () => `uid-${++uids}`, nameSuffix: () => suffixes.shift() ?? 'ccccc' }
  await using api = new TestServer({ identifiers })
  const first = await api.create(path, { metadata: { generateName: 'web-' } })
  const second = await api.create(path, { metadata: { generateName: 'web-' } })
  assert.equal(first.metadata.name, 'web-aaaaa')
  assert.equal(second.metadata.name, 'web-bbbbb')
  assert.equal(api.events.at(-1)?.objectRef?.name, 'web-bbbbb')
})

test('create() takes the generateName of an IPAddress for its name', async () => {
  await using api = new TestServer()
  const addresses = '/apis/networking.k8s.io/v1/ipaddresses'
  const body = { metadata: { generateName: '10.1.1.1' }, spec: { parentRef: { resource: 'services', name: 's' } } }
  assert.equal((await api.create(addresses, body)).metadata.name, '10.1.1.1')
  assert.equal((await api.request('POST', addresses, body)).status, 409)
  const { json } = await api.request('POST', addresses, { ...body, metadata: { generateName: '10.1.1.' } })
  assert.match(json.message, /metadata\.name: Invalid value: "10\.1\.1\."/)
})

test('create() finds a name for a LimitRange that has none', async () => {
  await using api = new TestServer()
  const { status, json } = await api.request('POST', '/api/v1/namespaces/default/limitranges', {})
  assert.equal(status, 201)
  assert.match(json.metadata.name, /^[0-9a-f-]{36}$/)
})

const refused: readonly [string, string, unknown, Record<string, string>, number, RegExp][] = [
  ['another namespace', path, { metadata: { name: 'a', namespace: 'b' } }, {}, 400, /does not match the namespace sent on the request/],
  ['no name', path, { metadata: {} }, {}, 422, /metadata\.name: Required value: name or generateName is required/],
  ['a bad name', path, { metadata: { name: 'A' } }, {}, 422, /ConfigMap "A" is invalid: metadata\.name: Invalid value: "A"/],
  ['a 300 character name', path, { metadata: { name: 'a'.repeat(300) } }, {}, 422, /must be no more than 253 characters/],
  ['another kind', path, { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'a' } }, {}, 400, /cannot be handled as a ConfigMap/],
  ['no JSON', path, Buffer.from('{'), {}, 400, /json/],
  ['another media type', path, { metadata: { name: 'a' } }, { 'content-type': 'text/plain' }, 415, /unknown format/],
  ['an unknown field', `${path}?fieldValidation=Strict`, { metadata: { name: 'a' }, foo: 1 }, {}, 400, /unknown field "foo"/],
  ['a bad dry run', `${path}?dryRun=Some`, { metadata: { name: 'a' } }, {}, 422, /dryRun: Unsupported value: \[\]string\{"Some"\}/],
  [
    'a DaemonSet whose template has no number',
    '/apis/apps/v1/namespaces/default/daemonsets',
    { metadata: { name: 'a', annotations: { 'deprecated.daemonset.template.generation': '../x' } } },
    {},
    400,
    /^DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv\.ParseInt: parsing "\.\.\/x": invalid syntax$/,
  ],
  [
    'a Deployment that rolls back to no number',
    '/apis/apps/v1/namespaces/default/deployments',
    { metadata: { name: 'a', annotations: { 'deprecated.deployment.rollback.to': 'x' } } },
    {},
    400,
    /: failed to parse annotation\[deprecated\.deployment\.rollback\.to\]=x as int64: strconv\.ParseInt: parsing "x": invalid syntax$/,
  ],
  [
    'a version',
    path,
    { metadata: { name: 'a', resourceVersion: '1' } },
    {},
    500,
    /resourceVersion should not be set on objects to be created/,
  ],
]

for (const [name, at, body, headers, status, message] of refused) {
  test(`create() refuses ${name}`, async () => {
    await using api = new TestServer()
    const answer = await api.request('POST', at, body, headers)
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.json.message, message)
    assert.equal((await api.get(path)).json.items.length, 0)
  })
}

test('create() warns of unknown fields by default', async () => {
  await using api = new TestServer()
  const { status, headers } = await api.request('POST', path, { metadata: { name: 'a' }, foo: 1 })
  assert.equal(status, 201)
  assert.equal(headers['warning'], '299 - "unknown field \\"foo\\""')
})

test('create() with dryRun answers the object and stores nothing', async () => {
  const store = createMemoryStore()
  await using api = new TestServer({ store })
  const before = store.revision
  const { status, json } = await api.request('POST', `${path}?dryRun=All`, { metadata: { name: 'a' } })
  assert.equal(status, 201)
  assert.equal(json.metadata.resourceVersion, undefined)
  assert.equal(store.revision, before)
})

test('create() reads YAML and answers YAML', async () => {
  await using api = new TestServer()
  const { status, text } = await api.request('POST', path, Buffer.from('metadata:\n  name: a\ndata:\n  x: "1"\n'), {
    'content-type': 'application/yaml',
    accept: 'application/yaml',
  })
  assert.equal(status, 201)
  assert.match(text, /^data:\n {2}x: "?'?1/m)
})

test('create() does not let __proto__ change anything', async () => {
  await using api = new TestServer()
  const { status } = await api.request(
    'POST',
    path,
    Buffer.from('{"metadata":{"name":"a"},"data":{"__proto__":"x"},"__proto__":{"polluted":1}}'),
  )
  assert.equal(({} as { polluted?: number }).polluted, undefined)
  assert.ok(status === 201 || status === 422, String(status))
})

test('create() reports errors of a newer event with the stored kind, and common ones before metadata', async () => {
  await using api = new TestServer()
  const event = {
    metadata: { name: 'A_', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/c',
    ...{ reportingInstance: 'c', reason: 'Done', type: 'Odd', regarding: {} },
  }
  const { status, json } = await api.request('POST', '/apis/events.k8s.io/v1/namespaces/default/events', event)
  assert.equal(status, 422)
  assert.match(
    json.message,
    /^Event "A_" is invalid: \[action: Required value, metadata.name: Invalid value: "A_": .*, type: Invalid value/,
  )
  assert.deepEqual([json.details.kind, json.details.group], ['Event', undefined])
})
