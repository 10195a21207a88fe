import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmissionRequest } from '../../admission/admission.ts'
import { allowAll, allowWhere, TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const type = { 'content-type': 'application/apply-patch+yaml' }
const merge = { 'content-type': 'application/merge-patch+json' }
const map = (data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data })
const apply = (api: TestServer, manager: string, body: unknown, query = '') =>
  api.request('PATCH', `${path}/a?fieldManager=${manager}${query}`, body, type)
const managers = (object: { metadata: { managedFields?: { manager: string; operation: string; subresource?: string }[] } }) =>
  (object.metadata.managedFields ?? []).map(({ manager, operation, subresource }) =>
    [manager, operation, subresource].filter(Boolean).join(' '),
  )

test('apply() creates what is missing, then changes it, and drops what is no longer set', async () => {
  await using api = new TestServer()
  assert.equal((await apply(api, 'one', map({ x: '1', y: '1' }))).status, 201)
  const { status, json } = await apply(api, 'one', map({ x: '2' }))
  assert.equal(status, 200)
  assert.deepEqual(json.data, { x: '2' })
  assert.deepEqual(managers(json), ['one Apply'])
})

test('apply() takes YAML', async () => {
  await using api = new TestServer()
  const { json } = await apply(api, 'one', Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n'))
  assert.deepEqual(json.data, { x: '1' })
})

test('apply() answers 409 with a cause for each field of another manager, unless forced', async () => {
  await using api = new TestServer()
  await api.request('POST', `${path}?fieldManager=other`, map({ x: '1' }))
  const refused = await apply(api, 'one', map({ x: '2' }))
  assert.equal(refused.status, 409)
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "other" using v1: .data.x')
  assert.deepEqual(refused.json.details.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "other" using v1', field: '.data.x' },
  ])
  const forced = await apply(api, 'one', map({ x: '2' }), '&force=true')
  assert.deepEqual(forced.json.data, { x: '2' })
})

test('apply() that changes nothing writes nothing', async () => {
  await using api = new TestServer()
  const { json } = await apply(api, 'one', map({ x: '1' }))
  api.clock.advance(60_000)
  const before = api.store.revision
  assert.deepEqual((await apply(api, 'one', map({ x: '1' }))).json, json)
  assert.equal(api.store.revision, before)
})

test('apply() needs the right to create what is missing', async () => {
  await using api = new TestServer({ authorize: allowWhere(({ verb }) => verb === 'patch') })
  assert.equal((await apply(api, 'one', map({}))).status, 403)
  await using open = new TestServer({ authorize: allowAll })
  assert.equal((await apply(open, 'one', map({}))).status, 201)
})

test('apply() needs a manager, and only it may force', async () => {
  await using api = new TestServer()
  const nameless = await api.request('PATCH', `${path}/a`, map({}), type)
  assert.equal(nameless.status, 422)
  assert.match(nameless.json.message, /fieldManager: Required value: is required for apply patch/)
  const forced = await api.request('PATCH', `${path}/a?force=true`, {})
  assert.match(forced.json.message, /force: Forbidden: may not be specified for non-apply patch/)
})

test('apply() refuses fields that the kind does not have', async () => {
  await using api = new TestServer()
  const { status, json } = await apply(api, 'one', { ...map({}), foo: 1 })
  assert.equal(status, 500)
  assert.equal(json.message, 'failed to create typed patch object (/a; v1, Kind=ConfigMap): .foo: field not declared in schema')
})

test('an empty list of managers forgets them all', async () => {
  await using api = new TestServer()
  const { json } = await apply(api, 'one', map({ x: '1' }))
  const reset = await api.request('PUT', `${path}/a`, { ...json, metadata: { ...json.metadata, managedFields: [] } })
  assert.equal(reset.json.metadata.managedFields, undefined)
})

test('every path of a write names its manager', async () => {
  await using api = new TestServer()
  const spec = {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  }
  await api.request('POST', `${deployments}`, { metadata: { name: 'd' }, spec }, { 'user-agent': 'kubectl-create/v1 (linux)' })
  await api.request('PATCH', `${deployments}/d/scale?fieldManager=scaler`, { spec: { replicas: 3 } })
  const { json } = await api.request('PATCH', `${deployments}/d/status?fieldManager=controller`, { status: { replicas: 3 } })
  assert.deepEqual(managers(json), ['controller Update status', 'kubectl-create Update', 'scaler Update scale'])
  const reset = await api.request('PATCH', `${deployments}/d`, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }], {
    'content-type': 'application/json-patch+json',
  })
  assert.deepEqual(managers(reset.json), [])
})

test('fields that admission adds belong to nobody, at creation and at an update', async () => {
  const admission = {
    mutate({ object }: AdmissionRequest) {
      if (object !== undefined) object.metadata.annotations = { ...object.metadata.annotations, added: 'yes' }
    },
    validate: () => undefined,
  }
  await using api = new TestServer({ admission })
  const created = await api.request('POST', `${path}?fieldManager=one`, map({ x: '1' }))
  assert.equal(created.json.metadata.annotations.added, 'yes')
  assert.deepEqual(created.json.metadata.managedFields[0].fieldsV1, { 'f:data': { '.': {}, 'f:x': {} } })
  const updated = await api.request('PATCH', `${path}/a?fieldManager=one`, { metadata: { annotations: null } }, merge)
  assert.equal(updated.json.metadata.annotations.added, 'yes')
  assert.deepEqual(updated.json.metadata.managedFields[0].fieldsV1, { 'f:data': { '.': {}, 'f:x': {} } })
})
