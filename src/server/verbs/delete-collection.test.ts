import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import { noAdmission } from '../objects/write-parts.ts'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const meta = (as: string) => ({ accept: `application/json;as=${as};v=v1;g=meta.k8s.io` })
const names = (items: readonly KubeObject[]) => items.map(({ metadata }) => metadata.name)

async function withObjects(api: TestServer, count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await api.create(path, { metadata: { name: `m${i}`, labels: { place: String(i) } } })
}

async function left(api: TestServer): Promise<(string | undefined)[]> {
  return names((await api.get(path)).json.items)
}

test('deleteCollection() returns what it deleted, in the accepted form', async () => {
  const rows: readonly [Record<string, string>, string, (json: { items: KubeObject[]; rows: { object: KubeObject }[] }) => KubeObject[]][] =
    [
      [{}, 'ConfigMapList', ({ items }) => items],
      [meta('PartialObjectMetadataList'), 'PartialObjectMetadataList', ({ items }) => items],
      [meta('Table'), 'Table', ({ rows }) => rows.map(({ object }) => object)],
    ]
  for (const [headers, kind, objects] of rows) {
    await using api = new TestServer()
    await withObjects(api)
    const { status, json } = await api.request('DELETE', `${path}?labelSelector=place!%3D1`, undefined, headers)
    assert.deepEqual([status, json.kind, names(objects(json))], [200, kind, ['m0', 'm2']])
    assert.deepEqual(await left(api), ['m1'])
  }
})

test('deleteCollection() with a limit deletes one page', async () => {
  await using api = new TestServer()
  await withObjects(api)
  const { json } = await api.request('DELETE', `${path}?limit=2`)
  assert.deepEqual(names(json.items), ['m0', 'm1'])
  assert.equal(json.metadata.remainingItemCount, 1)
  assert.deepEqual(await left(api), ['m2'])
})

const refused: readonly [query: string, status: number, message: RegExp][] = [
  ['limit=x&propagationPolicy=Zap', 400, /^strconv\.ParseInt: parsing "x"/],
  ['resourceVersionMatch=x&propagationPolicy=Zap', 422, /^ListOptions\.meta\.k8s\.io/],
  ['watch=true&sendInitialEvents=true', 422, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan$/],
  ['fieldSelector=spec.x%3D1&propagationPolicy=Zap', 400, /"spec\.x" is not a known field selector/],
  ['resourceVersion=x&propagationPolicy=Zap', 422, /^DeleteOptions\.meta\.k8s\.io/],
  ['resourceVersion=x', 400, /^invalid resource version/],
  // Of the list and of each object in it.
  ['resourceVersion=1', 409, /the ResourceVersion in the precondition \(1\) does not match/],
]
for (const [query, status, message] of refused) {
  test(`deleteCollection() refuses ?${query} with ${status} and deletes nothing`, async () => {
    await using api = new TestServer()
    await withObjects(api)
    const answer = await api.request('DELETE', `${path}?${query}`)
    assert.equal(answer.status, status)
    assert.match(answer.json.message, message)
    assert.equal((await left(api)).length, 3)
  })
}

test('deleteCollection() starts nothing after a failure, and answers when started deletions are done', async () => {
  const count = 200
  const begun: string[] = []
  await using api = new TestServer({
    admission: {
      ...noAdmission,
      async validate({ operation, name }) {
        if (operation !== 'DELETE') return
        begun.push(name)
        if (name === 'm0') throw forbidden({ group: '', plural: 'configmaps' }, name, 'not this one')
      },
    },
  })
  await withObjects(api, count)
  const { status } = await api.request('DELETE', path)
  assert.equal(status, 403)
  const gone = count - (await left(api)).length
  assert.equal(gone, begun.length - 1)
  assert.ok(begun.length <= 64, `${begun.length} were begun`)
  const { revision } = api.store
  await api.create(path, { metadata: { name: 'later' } })
  assert.equal(api.store.revision, revision + 1)
})

test('deleteCollection() has few large objects at hand at once', async () => {
  let deleting = 0
  let most = 0
  await using api = new TestServer({
    admission: {
      ...noAdmission,
      async validate({ operation }) {
        if (operation !== 'DELETE') return
        most = Math.max(most, ++deleting)
        for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
        deleting--
      },
    },
  })
  for (let i = 0; i < 10; i++) await api.create(path, { metadata: { name: `m${i}` }, data: { text: 'x'.repeat(300_000) } })
  assert.equal((await api.request('DELETE', path)).status, 200)
  assert.deepEqual(await left(api), [])
  assert.equal(most, 3)
})
