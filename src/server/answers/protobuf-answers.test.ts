import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from '../../base/json.ts'
import { crds, install, widget, widgets } from '../custom-resources/widgets.testing.ts'
import { joined } from '../http/body-parts.ts'
import { decodeProtobuf } from '../protobuf/decode.ts'
import { envelope, messageField, protobufKind } from '../protobuf/envelope.ts'
import { readerOf, Tally } from '../protobuf/wire.ts'
import { WholeFrames } from '../proxy/streams/whole-frames.ts'
import { TestServer, testUser } from '../testing.ts'

const unbounded = new Tally(Number.POSITIVE_INFINITY)

const type = 'application/vnd.kubernetes.protobuf'
const partial = (kind: string): string => `${type};as=${kind};v=v1;g=meta.k8s.io`
const maps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const pod = {
  metadata: { name: 'p', labels: { a: 'b' } },
  spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] },
}

interface Answer {
  readonly status: number
  readonly contentType: string | undefined
  readonly bytes: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  readonly value: any
}

/** `body` is an object that is sent in protobuf. */
async function send(api: TestServer, method: string, path: string, body?: object, accept = type): Promise<Answer> {
  const response = await api
    .as(testUser)
    .request(
      { method, path, headers: { accept, 'content-type': type }, ...(body === undefined ? {} : { body: encoded(body) }) },
      new AbortController().signal,
    )
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const contentType = response.headers['content-type']
  const value = contentType === type ? decoded(bytes) : contentType?.includes('json') ? parseJson(bytes.toString()) : undefined
  return { status: response.status, contentType, bytes, value }
}

function encoded(object: object): Buffer {
  const { apiVersion = 'v1', kind = '' } = object as { apiVersion?: string; kind?: string }
  const known = protobufKind(apiVersion, kind)
  assert.ok(known !== undefined, kind)
  return joined(envelope(known, messageField(known, Buffer.from(JSON.stringify(object)))))
}

function decoded(bytes: Buffer): unknown {
  return parseJson(JSON.stringify(decodeProtobuf(bytes, { group: '', version: '', kind: '' }, Number.POSITIVE_INFINITY)))
}

test('an object, a list and a page of one have the same content in protobuf and JSON', async () => {
  await using api = new TestServer()
  await api.create(pods, pod)
  const one = await send(api, 'GET', `${pods}/p`)
  assert.deepEqual([one.status, one.contentType], [200, type])
  assert.deepEqual(one.value, (await api.get(`${pods}/p`)).json)
  // Those of 200 do not go out in one piece.
  for (let index = 0; index < 200; index++) await api.create(maps, { metadata: { name: `m${index}` }, data: { x: `é"\\\n😀${index}` } })
  for (const query of ['', '?limit=3', '?labelSelector=none']) {
    const { value, contentType } = await send(api, 'GET', maps + query)
    const { json } = await api.get(maps + query)
    assert.equal(contentType, type)
    // A token contains its time, and protobuf has no empty lists.
    assert.equal(typeof value.metadata.continue, typeof json.metadata.continue)
    assert.deepEqual(
      { ...value, items: value.items ?? [], metadata: { ...value.metadata, continue: '' } },
      { ...json, metadata: { ...json.metadata, continue: '' } },
    )
  }
})

test('metadata alone come in protobuf, of custom resources too', async () => {
  await using api = new TestServer()
  await install(api)
  await api.create(widgets, widget('a', { size: 1 }))
  await api.create(pods, pod)
  for (const path of [pods, widgets]) {
    const list = await send(api, 'GET', path, undefined, partial('PartialObjectMetadataList'))
    const { json } = await api.get(path)
    assert.deepEqual([list.contentType, list.value.kind, list.value.apiVersion], [type, 'PartialObjectMetadataList', 'meta.k8s.io/v1'])
    assert.deepEqual(list.value.items, [{ metadata: json.items[0].metadata }])
    const one = await send(api, 'GET', `${path}/${json.items[0].metadata.name}`, undefined, partial('PartialObjectMetadata'))
    assert.deepEqual(one.value, { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: json.items[0].metadata })
  }
})

test('an object without protobuf form gives 406 if the client accepts nothing else, in protobuf, and JSON otherwise', async () => {
  await using api = new TestServer()
  await install(api)
  await api.create(widgets, widget('a', { size: 1 }))
  const own = '/apis/bulkhead.dev/v1alpha1'
  const exceptions = `${own}/namespaces/default/podsecurityexceptions`
  for (const path of [`${widgets}/a`, widgets, `${widgets}?watch=true`, `${own}/clusterdefaults`, exceptions]) {
    const refused = await send(api, 'GET', path)
    assert.deepEqual([refused.status, refused.contentType, refused.value.reason], [406, type, 'NotAcceptable'], path)
  }
  const { status, contentType, value } = await send(api, 'GET', `${widgets}/a`, undefined, `${type},application/json`)
  assert.deepEqual([status, contentType, value.spec.size], [200, 'application/json', 1])
  const sent = await api.request('POST', exceptions, Buffer.from('k8s\0'), { 'content-type': type })
  assert.equal(sent.status, 415, sent.text)
  // For a Table, which exists only in JSON.
  const table = `${type};as=Table;v=v1;g=meta.k8s.io`
  assert.equal((await send(api, 'GET', maps, undefined, table)).status, 406)
  assert.equal((await send(api, 'GET', maps, undefined, `${table},application/json;as=Table;v=v1;g=meta.k8s.io`)).value.kind, 'Table')
})

test('writes are sent and answered in protobuf, refusals too', async () => {
  await using api = new TestServer()
  const made = await send(api, 'POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, binaryData: { x: 'AAEC' } })
  assert.deepEqual([made.status, made.value.binaryData], [201, { x: 'AAEC' }])
  const put = await send(api, 'PUT', `${maps}/a`, { ...made.value, data: { y: '1' } })
  assert.deepEqual([put.status, put.value.data, put.value.kind], [200, { y: '1' }, 'ConfigMap'])
  const conflict = await send(api, 'PUT', `${maps}/a`, { ...made.value, data: { y: '2' } })
  assert.deepEqual([conflict.status, conflict.contentType, conflict.value.reason], [409, type, 'Conflict'])
  const missing = await send(api, 'GET', `${maps}/b`)
  const { json } = await api.get(`${maps}/b`)
  assert.deepEqual(missing.value, json)
  const gone = await send(api, 'DELETE', `${maps}/a`, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' })
  assert.deepEqual([gone.status, gone.value.kind, gone.value.status], [200, 'Status', 'Success'])
  const schema = { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'gadgets', kind: 'Gadget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
  const defined = await send(api, 'POST', crds, definition)
  assert.equal(defined.status, 201, JSON.stringify(defined.value))
  assert.deepEqual(defined.value.spec.versions[0].schema.openAPIV3Schema, schema)
})

test('subresources and questions are answered in protobuf', async () => {
  await using api = new TestServer()
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  await api.create(deployments, { metadata: { name: 'd' }, spec: { replicas: 3, selector: { matchLabels: { a: 'b' } }, template } })
  const scale = await send(api, 'GET', `${deployments}/d/scale`)
  assert.deepEqual([scale.contentType, scale.value.kind, scale.value.spec], [type, 'Scale', { replicas: 3 }])
  const asks = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
  }
  const review = await send(api, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', asks)
  assert.deepEqual([review.status, review.contentType, review.value.status.allowed], [201, type, true])
  await api.create(pods, pod)
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  const bound = await send(api, 'POST', `${pods}/p/binding`, binding)
  assert.deepEqual([bound.status, bound.contentType, bound.value.kind], [201, type, 'Status'])
  const evicted = await send(api, 'POST', `${pods}/p/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } })
  assert.deepEqual([evicted.status, evicted.contentType, evicted.value.kind], [201, type, 'Status'])
})

test('discovery is sent in protobuf, and not again to a client that has it', async () => {
  await using api = new TestServer()
  for (const path of ['/api', '/apis', '/apis/apps', '/apis/apps/v1', '/api/v1']) {
    const { contentType, value } = await send(api, 'GET', path)
    assert.equal(contentType, type, path)
    const { json } = await api.get(path)
    // Empty lists are omitted, and the versions of the core group have no name.
    const full = parseJson(JSON.stringify(json, (_key, member) => (Array.isArray(member) && member.length === 0 ? undefined : member)))
    assert.deepEqual(value, { apiVersion: 'v1', ...(full as object) }, path)
  }
  const { headers } = await api.get('/apis/apps/v1', { accept: type })
  assert.equal((await api.get('/apis/apps/v1', { accept: type, 'if-none-match': headers['etag'] ?? '' })).status, 304)
  assert.notEqual((await api.get('/apis/apps/v1')).headers['etag'], headers['etag'])
  // There is no other form of it.
  assert.equal((await api.get('/version', { accept: `${type},application/json` })).headers['content-type'], 'application/json')
})

test('a curl client that accepts protobuf gets no line breaks', async () => {
  await using api = new TestServer()
  const headers = { accept: type, 'user-agent': 'curl/8' }
  for (const path of [maps, `${maps}?pretty=true`, `${maps}/none`, '/apis/apps/v1']) {
    assert.equal((await api.get(path, headers)).headers['content-type'], type, path)
  }
})

interface Event {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read objects of any shape
  readonly object: any
}

/** The first `wanted` events of a watch; `changes` are made after the last existing object. */
async function watched(
  api: TestServer,
  path: string,
  accept: string,
  count: number,
  before = 0,
  changes = () => Promise.resolve(),
): Promise<Event[]> {
  const stop = new AbortController()
  const response = await api.as(testUser).request({ method: 'GET', path, headers: { accept } }, stop.signal)
  assert.equal(response.headers['content-type'], `${type};stream=watch`)
  const frames = new WholeFrames()
  const events: Event[] = []
  let changed = false
  for await (const chunk of response.body) {
    for (const frame of frames.take(chunk)) events.push(eventOf(frame))
    if (events.length >= count) break
    if (changed || events.length < before) continue
    changed = true
    await changes()
  }
  stop.abort(new Error('the test is done'))
  return events
}

function eventOf(frame: Buffer): Event {
  let name = ''
  let object: unknown
  readerOf(frame, unbounded).fields((number, field) => {
    if (number === 1) name = field.text()
    else readerOf(field.bytes(), unbounded).fields((_number, raw) => (object = decoded(Buffer.from(raw.bytes()))))
  })
  return { type: name, object }
}

test('a watch is sent in protobuf: existing objects, bookmarks, changes and its end', async () => {
  await using api = new TestServer()
  const first = await api.create(maps, { metadata: { name: 'a' }, data: { x: '1' } })
  const query = '?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan'
  const events = await watched(api, maps + query, `${type};stream=watch`, 4, 2, async () => {
    await api.request('PATCH', `${maps}/a`, { data: { x: '2' } })
    await api.request('DELETE', `${maps}/a`)
  })
  assert.deepEqual(
    events.map(event => event.type),
    ['ADDED', 'BOOKMARK', 'MODIFIED', 'DELETED'],
  )
  assert.deepEqual(events[0]?.object, first)
  assert.deepEqual([events[2]?.object.data, events[2]?.object.kind], [{ x: '2' }, 'ConfigMap'])
  const { kind, apiVersion, metadata } = events[1]?.object ?? {}
  assert.deepEqual([kind, apiVersion, metadata.annotations['k8s.io/initial-events-end']], ['ConfigMap', 'v1', 'true'])
  const blueprint = Buffer.from(metadata.annotations['kubernetes.io/initial-events-list-blueprint'], 'base64')
  assert.deepEqual(decoded(blueprint), { kind: 'ConfigMapList', apiVersion: 'v1', metadata: {} })
  const [ahead] = await watched(api, `${maps}${query}&resourceVersion=1000000`, type, 1)
  assert.deepEqual([ahead?.type, ahead?.object.kind, ahead?.object.code], ['ERROR', 'Status', 504])
})

test('a watch of metadata comes in protobuf, of custom resources too', async () => {
  await using api = new TestServer()
  await install(api)
  const made = await api.create(widgets, widget('a', { size: 1 }))
  const [event] = await watched(api, `${widgets}?watch=true`, partial('PartialObjectMetadata'), 1)
  assert.deepEqual(event, {
    type: 'ADDED',
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: made.metadata },
  })
})

test('an answer in protobuf is recorded as the object that it is', async () => {
  await using api = new TestServer({
    audit: {
      decide: () => ({ level: 'RequestResponse', omitManagedFields: true, omitStages: [] }) as never,
      record: event => void recorded.push(event),
    },
  })
  const recorded: unknown[] = []
  await send(api, 'POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1' } })
  const [event] = recorded as { requestObject?: Record<string, unknown>; responseObject?: Record<string, unknown> }[]
  assert.deepEqual(event?.requestObject?.['data'], { x: '1' })
  assert.deepEqual([event?.responseObject?.['kind'], event?.responseObject?.['data']], ['ConfigMap', { x: '1' }])
  assert.equal(Object.getPrototypeOf(event?.responseObject?.['data']), Object.prototype)
})
