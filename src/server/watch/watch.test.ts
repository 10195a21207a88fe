import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../store/memory.ts'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'

test('watch() without a version begins with existing objects', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const watch = await api.watch(`${path}?watch=true`)
  await api.create(path, { metadata: { name: 'b' } })
  assert.equal((await watch.next())?.object.metadata.name, 'a')
  const second = await watch.next()
  assert.equal(second?.type, 'ADDED')
  assert.equal(second?.object.metadata.name, 'b')
  watch.close()
})

test('watch() from a version sends everything after it, in order', async () => {
  await using api = new TestServer()
  const from = api.store.revision
  await api.create(path, { metadata: { name: 'a' } })
  await api.request('PATCH', `${path}/a`, { data: { x: '1' } })
  await api.request('DELETE', `${path}/a`)
  const watch = await api.watch(`${path}?watch=1&resourceVersion=${from}`)
  const events = [await watch.next(), await watch.next(), await watch.next()]
  assert.deepEqual(
    events.map(event => event?.type),
    ['ADDED', 'MODIFIED', 'DELETED'],
  )
  const revisions = events.map(event => Number(event?.object.metadata.resourceVersion))
  assert.deepEqual(revisions, [from + 1, from + 2, from + 3])
  watch.close()
})

test('watch() with a selector turns changes of labels into ADDED and DELETED', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const watch = await api.watch(`${path}?watch=1&resourceVersion=${api.store.revision}&labelSelector=on%3Dyes`)
  await api.request('PATCH', `${path}/a`, { metadata: { labels: { on: 'yes' } } })
  await api.request('PATCH', `${path}/a`, { data: { x: '1' } })
  await api.request('PATCH', `${path}/a`, { metadata: { labels: { on: 'no' } } })
  const types = [await watch.next(), await watch.next(), await watch.next()].map(event => event?.type)
  assert.deepEqual(types, ['ADDED', 'MODIFIED', 'DELETED'])
  watch.close()
})

test('watch() of one name sees only that object', async () => {
  await using api = new TestServer()
  const watch = await api.watch(`${path}?watch=1&fieldSelector=metadata.name%3Db`)
  await api.create(path, { metadata: { name: 'a' } })
  await api.create(path, { metadata: { name: 'b' } })
  assert.equal((await watch.next())?.object.metadata.name, 'b')
  watch.close()
})

test('watch() with sendInitialEvents marks their end by a bookmark', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const watch = await api.watch(`${path}?${query}`)
  assert.equal((await watch.next())?.type, 'ADDED')
  const bookmark = await watch.next()
  assert.equal(bookmark?.type, 'BOOKMARK')
  assert.equal(bookmark?.object.kind, 'ConfigMap')
  assert.equal(bookmark?.object.metadata.annotations['k8s.io/initial-events-end'], 'true')
  assert.equal(bookmark?.object.metadata.resourceVersion, String(api.store.revision))
  watch.close()
})

for (const [accept, list] of [
  ['application/json', { kind: 'ConfigMapList', apiVersion: 'v1' }],
  ['application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }],
] as const)
  test(`watch() with sendInitialEvents ends them with an empty ${list.kind} to be filled`, async () => {
    await using api = new TestServer()
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const watch = await api.watch(`${path}?${query}`, { accept })
    const { annotations } = (await watch.next())?.object.metadata ?? {}
    const blueprint = Buffer.from(annotations['kubernetes.io/initial-events-list-blueprint'], 'base64').toString()
    assert.deepEqual(JSON.parse(blueprint), { ...list, metadata: {}, items: [] })
    watch.close()
  })

test('watch() with sendInitialEvents is no Table, but JSON if the client accepts that too', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  assert.equal((await api.request('GET', `${path}?${query}`, undefined, { accept: table })).status, 406)
  const watch = await api.watch(`${path}?${query}`, { accept: `${table},application/json` })
  assert.equal((await watch.next())?.object.kind, 'ConfigMap')
  watch.close()
})

test('watch() from an expired version sends one 410 error event', async () => {
  await using api = new TestServer({ store: createMemoryStore({ window: { events: 2 } }) })
  for (const name of ['a', 'b', 'c', 'd', 'e']) await api.create(path, { metadata: { name } })
  const watch = await api.watch(`${path}?watch=1&resourceVersion=1`)
  const event = await watch.next()
  assert.equal(event?.type, 'ERROR')
  assert.equal(event?.object.code, 410)
  assert.equal(event?.object.reason, 'Expired')
  assert.match(event?.object.message, /^too old resource version: 1 \(\d+\)$/)
  assert.equal(await watch.next(), undefined)
})

test('watch() as Table sends columns with the first event only', async () => {
  await using api = new TestServer()
  const watch = await api.watch(`${path}?watch=1`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
  await api.create(path, { metadata: { name: 'a' } })
  await api.create(path, { metadata: { name: 'b' } })
  const first = await watch.next()
  assert.equal(first?.object.kind, 'Table')
  assert.equal(first?.object.columnDefinitions.length, 3)
  assert.equal((await watch.next())?.object.columnDefinitions, null)
  watch.close()
})

test('watch() ends at timeoutSeconds', async () => {
  await using api = new TestServer()
  const watch = await api.watch(`${path}?watch=1&timeoutSeconds=1`)
  assert.equal(await watch.next(), undefined)
})

test('watch() refuses options that contradict each other', async () => {
  await using api = new TestServer()
  assert.equal((await api.get(`${path}?watch=1&sendInitialEvents=true`)).status, 422)
  assert.equal((await api.get(`${path}?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1`)).status, 422)
})

test("watch() shows the end of a pod's grace period before its removal", async () => {
  await using api = new TestServer()
  const pods = '/api/v1/namespaces/default/pods'
  const created = await api.request('POST', pods, { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
  const watch = await api.watch(`${pods}?watch=1&resourceVersion=${created.json.metadata.resourceVersion}`)
  await api.request('DELETE', `${pods}/a?gracePeriodSeconds=0`)
  const [marked, gone] = [await watch.next(), await watch.next()]
  watch.close()
  assert.equal(marked?.type, 'MODIFIED')
  assert.equal(marked?.object.metadata.deletionGracePeriodSeconds, 0)
  assert.equal(gone?.type, 'DELETED')
})

test('watch() of an object and a selector for another name is refused', async () => {
  await using api = new TestServer()
  const named = '/api/v1/watch/namespaces/default/configmaps/a'
  for (const selector of ['metadata.name%3Db', 'metadata.namespace%3Ddefault']) {
    const { status, json } = await api.get(`${named}?fieldSelector=${selector}`)
    assert.deepEqual([status, json.message], [400, "fieldSelector metadata.name doesn't match requested name"])
  }
  const watch = await api.watch(`${named}?fieldSelector=metadata.name%3Da`)
  await api.create(path, { metadata: { name: 'a' } })
  assert.equal((await watch.next())?.object.metadata.name, 'a')
  watch.close()
})

test('watch() from a future state that does not arrive sends one error event', async () => {
  await using api = new TestServer()
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
  const watch = await api.watch(`${path}?${query}&resourceVersion=1000`)
  const event = await watch.next()
  assert.deepEqual([event?.type, event?.object.code, event?.object.reason], ['ERROR', 504, 'Timeout'])
  assert.match(event?.object.message, /^Timeout: Too large resource version: 1000, current: \d+$/)
  assert.equal(await watch.next(), undefined)
})

test('watch() sends existing objects in pieces, and later changes after them', async () => {
  await using api = new TestServer()
  const text = 'x'.repeat(50_000)
  for (let i = 0; i < 10; i++) await api.create(path, { metadata: { name: `c${i}` }, ...{ data: { text } } })
  const watch = await api.watch(`${path}?watch=1&resourceVersion=0`)
  await api.request('PATCH', `${path}/c0`, { data: { text: null } })
  const events = []
  for (let i = 0; i < 11; i++) events.push(await watch.next())
  assert.deepEqual(
    events.map(event => [event?.type, event?.object.metadata.name]),
    [...Array.from({ length: 10 }, (_, i) => ['ADDED', `c${i}`]), ['MODIFIED', 'c0']],
  )
  watch.close()
})

test('watch() with bookmarks sends one before its end', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const watch = await api.watch(`${path}?watch=1&resourceVersion=${api.store.revision}&allowWatchBookmarks=true&timeoutSeconds=3`)
  const bookmark = await watch.next()
  assert.deepEqual([bookmark?.type, bookmark?.object.metadata.resourceVersion], ['BOOKMARK', String(api.store.revision)])
  watch.close()
})

test('watch() from a future revision sends only later events, and no bookmark before', async () => {
  await using api = new TestServer()
  const query = 'watch=1&allowWatchBookmarks=true&timeoutSeconds=3'
  const far = await api.watch(`${path}?${query}&resourceVersion=${api.store.revision + 1000}`)
  const near = await api.watch(`${path}?${query}&resourceVersion=${api.store.revision + 1}`)
  for (const name of ['a', 'b']) await api.create(path, { metadata: { name } })
  const events = [await near.next(), await near.next()]
  assert.deepEqual(
    events.map(event => [event?.type, event?.object.metadata.name ?? event?.object.metadata.resourceVersion]),
    [
      ['ADDED', 'b'],
      ['BOOKMARK', String(api.store.revision)],
    ],
  )
  near.close()
  assert.equal(await far.next(), undefined)
})
