import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'
import { noAdmission } from '../write-parts.ts'

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

test('patch() refuses unknown types with 415', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  for (const contentType of ['text/plain']) {
    const { status, json } = await api.request('PATCH', `${path}/a`, {}, { 'content-type': contentType })
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

test('patch() of a missing object answers 404', async () => {
  await using api = new TestServer()
  assert.equal((await api.request('PATCH', `${path}/a`, { data: {} })).status, 404)
})
