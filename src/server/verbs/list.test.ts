import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { load } from 'js-yaml'
import { answerOf, TestServer, testUser } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const names = (json: { items: { metadata: { name: string } }[] }) => json.items.map(item => item.metadata.name)

async function filled(count: number, namespace = 'default'): Promise<TestServer> {
  const api = new TestServer()
  for (let i = 0; i < count; i++) {
    await api.create(`/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name: `c${i}`, labels: { even: String(i % 2 === 0) } },
      ...{ data: { text: 'x'.repeat(1000) } },
    })
  }
  return api
}

test('list() shows one state under its revision', async () => {
  await using api = await filled(3)
  const { status, json } = await api.get(path)
  assert.equal(status, 200)
  assert.equal(json.kind, 'ConfigMapList')
  assert.equal(json.metadata.resourceVersion, String(api.store.revision))
  assert.deepEqual(names(json), ['c0', 'c1', 'c2'])
  assert.deepEqual(names((await api.get('/api/v1/configmaps')).json), ['c0', 'c1', 'c2'])
  assert.deepEqual(names((await api.get('/api/v1/namespaces/other/configmaps')).json), [])
})

test('list() in pages shows the state of the first page', async () => {
  await using api = await filled(5)
  const first = (await api.get(`${path}?limit=2`)).json
  assert.deepEqual(names(first), ['c0', 'c1'])
  assert.equal(first.metadata.remainingItemCount, 3)
  await api.request('DELETE', `${path}/c3`)
  await api.create(path, { metadata: { name: 'c2a' } })
  const second = (await api.get(`${path}?limit=2&continue=${first.metadata.continue}`)).json
  assert.deepEqual(names(second), ['c2', 'c3'])
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion)
  const third = (await api.get(`${path}?limit=2&continue=${second.metadata.continue}`)).json
  assert.deepEqual(names(third), ['c4'])
  assert.equal(third.metadata.continue, undefined)
})

test('list() continues from the newest state if its pages were requested too slowly', async () => {
  await using api = await filled(6)
  const first = (await api.get(`${path}?limit=2`)).json
  api.clock.advance(8 * 60_000)
  const next = `${path}?limit=1&continue=${first.metadata.continue}`
  const second = await api.get(next)
  assert.deepEqual(names(second.json), ['c2'])
  api.clock.advance(1)
  await api.create(path, { metadata: { name: 'c3a' } })
  for (const token of [first.metadata.continue, second.json.metadata.continue]) {
    assert.equal((await api.get(`${path}?limit=1&continue=${token}`)).status, 410)
  }
  const { json } = await api.get(next)
  assert.equal(json.reason, 'Expired')
  const rest = (await api.get(`${path}?limit=3&continue=${json.metadata.continue}`)).json
  assert.deepEqual(names(rest), ['c2', 'c3', 'c3a'])
  assert.notEqual(rest.metadata.resourceVersion, first.metadata.resourceVersion)
  assert.equal(rest.metadata.remainingItemCount, 2)
  api.clock.advance(8 * 60_000)
  const last = (await api.get(`${path}?limit=3&continue=${rest.metadata.continue}`)).json
  assert.deepEqual(names(last), ['c4', 'c5'])
  assert.equal(last.metadata.resourceVersion, rest.metadata.resourceVersion)
})

test('list() refuses a continue token that it did not make', async () => {
  await using api = await filled(3)
  const { json } = await api.get(`${path}?limit=1`)
  const token: string = json.metadata.continue
  const forged = `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`
  for (const bad of [forged, 'x', '']) {
    const { status } = await api.get(`${path}?limit=1&continue=${bad}`)
    assert.equal(status, bad === '' ? 200 : 400)
  }
  assert.equal((await api.get(`/api/v1/namespaces/default/secrets?continue=${token}`)).status, 400)
})

const fieldSelectors: readonly { path: string; field: string; message: string | undefined }[] = [
  { path: '/api/v1/pods', field: 'spec.nodeName', message: undefined },
  { path: '/api/v1/pods', field: 'spec.host', message: undefined },
  { path: '/api/v1/pods', field: 'spec.x', message: 'field label not supported: spec.x' },
  { path: '/api/v1/nodes', field: 'metadata.namespace', message: 'field label not supported: metadata.namespace' },
  { path: '/api/v1/persistentvolumes', field: 'metadata.namespace', message: undefined },
  { path: '/apis/batch/v1/jobs', field: 'status.x', message: 'field label "status.x" not supported for batchv1.Job' },
  { path: '/apis/events.k8s.io/v1/events', field: 'regarding.kind', message: undefined },
  { path: '/apis/events.k8s.io/v1/events', field: 'involvedObject.kind', message: 'field label not supported: involvedObject.kind' },
  {
    path: '/apis/apps/v1/replicasets',
    field: 'status.replicas',
    message: '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
  },
]
for (const { path: at, field, message } of fieldSelectors) {
  test(`list() of ${at} by ${field}`, async () => {
    await using api = new TestServer()
    const { status, json } = await api.get(`${at}?fieldSelector=${field}%3Dx`)
    assert.equal(status, message === undefined ? 200 : 400)
    if (message !== undefined) assert.equal(json.message, message)
  })
}

for (const [query, retryAfter] of [
  ['', '1'],
  ['&resourceVersionMatch=NotOlderThan&limit=2', '1'],
  ['&resourceVersionMatch=Exact', undefined],
  ['&limit=2', undefined],
] as const) {
  test(`list() at a revision to come${query}: clients ${retryAfter === undefined ? 'do not try' : 'try'} again by themselves`, async () => {
    await using api = await filled(1)
    const { status, json, headers } = await api.get(`${path}?resourceVersion=999999${query}`)
    assert.equal(status, 504)
    assert.deepEqual(json.details.causes, [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }])
    assert.equal(json.details.retryAfterSeconds, retryAfter === undefined ? undefined : 1)
    assert.equal(headers['retry-after'], retryAfter)
  })
}

const refused: readonly [string, number, RegExp][] = [
  ['resourceVersion=x', 400, /Invalid value: "x"/],
  ['resourceVersion=999999', 504, /Too large resource version: 999999, current: /],
  ['resourceVersionMatch=Exact', 422, /resourceVersionMatch is forbidden unless resourceVersion is provided/],
  ['resourceVersion=0&resourceVersionMatch=Exact', 422, /is forbidden for resourceVersion "0"/],
  ['labelSelector=a%20b', 400, /unable to parse requirement|found 'b'/],
  ['fieldSelector=data.x%3D1', 400, /^"data\.x" is not a known field selector: only "metadata\.name", "metadata\.namespace"$/],
  ['limit=x', 400, /strconv\.ParseInt: parsing "x": invalid syntax/],
  ['limit=', 400, /strconv\.ParseInt: parsing "": invalid syntax/],
  ['limit=9223372036854775808', 400, /strconv\.ParseInt: parsing "9223372036854775808": value out of range/],
  ['timeoutSeconds=x', 400, /strconv\.ParseInt: parsing "x": invalid syntax/],
  ['sendInitialEvents=true', 422, /sendInitialEvents is forbidden for list/],
]
for (const [query, status, message] of refused) {
  test(`list() refuses ${query}`, async () => {
    await using api = await filled(1)
    const answer = await api.get(`${path}?${query}`)
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.json.message, message)
  })
}

test('list() selects by labels and fields', async () => {
  await using api = await filled(4)
  assert.deepEqual(names((await api.get(`${path}?labelSelector=even%3Dtrue`)).json), ['c0', 'c2'])
  assert.deepEqual(names((await api.get(`${path}?labelSelector=even%20notin%20(true)`)).json), ['c1', 'c3'])
  assert.deepEqual(names((await api.get(`${path}?fieldSelector=metadata.name%3Dc3`)).json), ['c3'])
})

test('list() at an old revision shows the state then', async () => {
  await using api = await filled(2)
  const then = api.store.revision
  await api.request('DELETE', `${path}/c0`)
  const { json } = await api.get(`${path}?resourceVersion=${then}&resourceVersionMatch=Exact`)
  assert.deepEqual(names(json), ['c0', 'c1'])
  assert.equal(json.metadata.resourceVersion, String(then))
})

test('list() as a Table prints the kind’s columns', async () => {
  await using api = await filled(2)
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
  const { json } = await api.get(path, { accept })
  assert.equal(json.kind, 'Table')
  assert.deepEqual(
    json.columnDefinitions.map((column: { name: string }) => column.name),
    ['Name', 'Data', 'Age'],
  )
  assert.deepEqual(json.rows[0].cells.slice(0, 2), ['c0', 1])
  assert.equal(json.rows[0].object.kind, 'PartialObjectMetadata')
  assert.equal((await api.get(`${path}?includeObject=Object`, { accept })).json.rows[0].object.kind, 'ConfigMap')
  assert.equal((await api.get(`${path}?includeObject=None`, { accept })).json.rows[0].object, null)
  assert.equal((await api.get(`${path}?includeObject=x`, { accept })).status, 400)
})

test('list() as PartialObjectMetadataList leaves out the content', async () => {
  await using api = await filled(1)
  const { json } = await api.get(path, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })
  assert.equal(json.kind, 'PartialObjectMetadataList')
  assert.deepEqual(Object.keys(json.items[0]), ['kind', 'apiVersion', 'metadata'])
})

test('list() names the kind once, however it is written, and so does deletecollection', async () => {
  await using api = await filled(2)
  const members = ['metadata', 'data']
  for (const query of ['', '?pretty=true', '?limit=1']) {
    const { json } = await api.get(`${path}${query}`)
    for (const item of json.items) assert.deepEqual(Object.keys(item), members)
  }
  const { text } = await api.get(path, { accept: 'application/yaml' })
  assert.deepEqual(text.match(/kind: .*/g), ['kind: ConfigMapList'])
  const autoscaler = { metadata: { name: 'a' }, spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd' } } }
  for (const version of ['v1', 'v2']) {
    const autoscalers = `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`
    if (version === 'v1') await api.create(autoscalers, autoscaler)
    const { json } = await api.get(autoscalers)
    assert.deepEqual(Object.keys(json.items[0]), ['metadata', 'spec', 'status'])
  }
  const deleted = await api.request('DELETE', path)
  assert.deepEqual(Object.keys(deleted.json.items[0]), members)
})

test('list() streams and compresses large answers', async () => {
  await using api = await filled(200)
  const plain = await api.get(path)
  assert.ok(plain.text.length > 200_000)
  assert.equal(plain.json.items.length, 200)
  const { headers } = await api.get(path, { accept: 'application/yaml', 'accept-encoding': 'gzip' })
  assert.equal(headers['content-encoding'], undefined)
})

test('list() compresses large answers for clients of other machines that take gzip', async () => {
  await using api = await filled(200)
  const list = async (remoteAddress: string, headers: Record<string, string>): Promise<{ encoding: string | undefined; bytes: Buffer }> => {
    const reply = await answerOf(api.server.handle, { url: path, headers, credentials: { remoteAddress }, identity: testUser })
    const chunks: Buffer[] = []
    assert.ok(typeof reply.body === 'function')
    await reply.body({ write: chunk => chunks.push(chunk) > 0, drained: () => Promise.resolve() }, new AbortController().signal)
    return { encoding: reply.headers?.['content-encoding']?.toString(), bytes: Buffer.concat(chunks) }
  }
  const gzip = { 'accept-encoding': 'gzip' }
  const compressed = await list('192.0.2.7', gzip)
  assert.equal(compressed.encoding, 'gzip')
  assert.equal(JSON.parse(gunzipSync(compressed.bytes).toString()).items.length, 200)
  for (const [address, headers] of [
    ['192.0.2.7', {}],
    ['127.0.0.1', gzip],
    ['::ffff:127.0.0.1', gzip],
    ['::1', gzip],
  ] as const) {
    const plain = await list(address, headers)
    assert.equal(plain.encoding, undefined, address)
    assert.equal(JSON.parse(plain.bytes.toString()).items.length, 200)
  }
})

test('list() selects Events by the names that each of their two versions has for a field', async () => {
  await using api = new TestServer()
  await api.request('POST', '/api/v1/namespaces/default/events', {
    metadata: { name: 'a' },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
    reason: 'Started',
    type: 'Normal',
    source: { component: 'c' },
  })
  const events = '/apis/events.k8s.io/v1/namespaces/default/events'
  assert.equal((await api.get(`${events}?fieldSelector=regarding.name=p,reason=Started`)).json.items.length, 1)
  assert.equal((await api.get(`${events}?fieldSelector=regarding.name=q`)).json.items.length, 0)
  assert.equal((await api.get(`${events}?fieldSelector=involvedObject.name=p`)).status, 400)
})

test('list() of any version comes whole, whatever its limit', async () => {
  await using api = await filled(5)
  const { json } = await api.get(`${path}?limit=2&resourceVersion=0`)
  assert.equal(json.items.length, 5)
  assert.equal(json.metadata.continue, undefined)
})

test('list() validates its token before its version', async () => {
  await using api = await filled(3)
  const { json } = await api.get(`${path}?limit=1`)
  const bad = await api.get(`${path}?limit=1&continue=x&resourceVersion=5`)
  assert.deepEqual([bad.status, bad.json.message.startsWith('invalid continue token: continue key is not valid: ')], [400, true])
  const both = await api.get(`${path}?limit=1&continue=${json.metadata.continue}&resourceVersion=5`)
  assert.deepEqual([both.status, both.json.message], [400, 'specifying resource version is not allowed when using continue'])
  assert.equal((await api.get(`${path}?limit=1&continue=${json.metadata.continue}&resourceVersion=0`)).status, 200)
})

test('list() formats each object separately, with the result of formatting the whole', async () => {
  await using api = await filled(40)
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const partial = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
  for (const selector of ['', '?labelSelector=none'])
    for (const accept of ['application/json', table, partial]) {
      const { json } = await api.get(`${path}${selector}`, { accept })
      const { text } = await api.get(`${path}${selector}${selector === '' ? '?' : '&'}pretty=true`, { accept })
      assert.equal(text, `${JSON.stringify(json, null, 2)}\n`)
    }
  for (const selector of ['', '?labelSelector=none']) {
    const { json } = await api.get(`${path}${selector}`)
    assert.deepEqual(load((await api.get(`${path}${selector}`, { accept: 'application/yaml' })).text), json)
  }
})

test('list() streams computed results of few large objects', async () => {
  await using api = new TestServer()
  for (const name of ['a', 'b']) await api.create(path, { metadata: { name }, ...{ data: { text: 'x'.repeat(100_000) } } })
  for (const accept of ['application/yaml', 'application/json;as=Table;v=v1;g=meta.k8s.io']) {
    const reply = await answerOf(api.server.handle, { url: path, headers: { accept }, identity: testUser })
    assert.equal(typeof reply.body, 'function', accept)
  }
})
