// Server-side apply of custom resources: how their schema says what one manager has and another must not take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagedFieldsEntry } from '../../api/object.ts'
import type { JSONSchemaProps } from '../../api/types/apiextensions-v1.ts'
import { type TestAnswer, TestServer } from '../testing.ts'
import { crds, install, waitFor, widget, widgetDefinition, widgets } from './widgets.testing.ts'

const applyPatch = { 'content-type': 'application/apply-patch+yaml' }
const text: JSONSchemaProps = { type: 'string' }
const count: JSONSchemaProps = { type: 'integer' }
const keepsUnknown = { 'x-kubernetes-preserve-unknown-fields': true }

const withSpec = (spec: JSONSchemaProps, version: object = {}) =>
  widgetDefinition({ version: { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } }, ...version } })

async function serving(spec: JSONSchemaProps, version?: object): Promise<TestServer> {
  const api = new TestServer()
  await install(api, withSpec(spec, version))
  return api
}

const apply = (api: TestServer, manager: string, spec: object, more = '', metadata: object = {}): Promise<TestAnswer> => {
  const config = widget('a', spec)
  return api.request(
    'PATCH',
    `${widgets}/a?fieldManager=${manager}${more}`,
    { ...config, metadata: { ...config.metadata, ...metadata } },
    applyPatch,
  )
}
const patch = (api: TestServer, body: object) => api.request('PATCH', `${widgets}/a?fieldManager=patcher`, body)
const causes = ({ json }: TestAnswer): string[] => json.details.causes.map(({ field }: { field: string }) => field)
const specOf = (entries: ManagedFieldsEntry[], manager: string): unknown =>
  (entries.find(entry => entry.manager === manager)?.fieldsV1 as Record<string, unknown> | undefined)?.['f:spec']

const ports: JSONSchemaProps = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['number', 'protocol'],
  items: { type: 'object', required: ['number', 'protocol'], properties: { number: count, protocol: text, name: text } },
}

test('fields outside the schema are managed individually', async () => {
  await using api = await serving({ type: 'object', ...keepsUnknown })
  assert.equal((await apply(api, 'one', { replicas: 1, deep: { a: 1 } })).status, 201)
  assert.equal((await patch(api, { spec: { replicas: 5, deep: { b: 2 } } })).status, 200)
  const refused = await apply(api, 'one', { replicas: 1, deep: { a: 1 } })
  assert.equal(refused.status, 409)
  assert.deepEqual(causes(refused), ['.spec.replicas'])
  const forced = await apply(api, 'one', { replicas: 1, deep: { a: 1 } }, '&force=true')
  assert.deepEqual(forced.json.spec, { replicas: 1, deep: { a: 1, b: 2 } })
})

test("a time of creation that is applied is the server's, however unreadable it is", async () => {
  await using api = await serving({ type: 'object', ...keepsUnknown })
  const made = await apply(api, 'one', {}, '', { creationTimestamp: 'soon' })
  assert.equal(made.status, 201)
  const changed = await apply(api, 'one', { a: 1 }, '', { creationTimestamp: 5 })
  assert.equal(changed.status, 200)
  assert.equal(changed.json.metadata.creationTimestamp, made.json.metadata.creationTimestamp)
  assert.match(made.json.metadata.creationTimestamp, /Z$/)
})

test('items of a keyed list and finalizers have their own managers', async () => {
  await using api = await serving({ type: 'object', properties: { ports }, ...keepsUnknown })
  const finalizers = { finalizers: ['example.com/one'] }
  const first = [{ name: 'x', number: 80, protocol: 'TCP' }]
  assert.equal((await apply(api, 'one', { ports: first }, '', finalizers)).status, 201)
  await patch(api, { metadata: { finalizers: ['example.com/one', 'example.com/two'] } })
  const again = await apply(api, 'one', { ports: first }, '', finalizers)
  assert.deepEqual(again.json.metadata.finalizers, ['example.com/one', 'example.com/two'])
  const taken = await apply(api, 'two', { ports: [{ name: 'y', number: 80, protocol: 'TCP' }] })
  assert.deepEqual(causes(taken), ['.spec.ports[number=80,protocol="TCP"].name'])
  const added = await apply(api, 'two', { ports: [{ name: 'y', number: 8080, protocol: 'TCP' }] })
  assert.deepEqual(
    added.json.spec.ports.map(({ name }: { name: string }) => name),
    ['x', 'y'],
  )
  const left = await apply(api, 'one', {}, '', finalizers)
  assert.deepEqual(
    left.json.spec.ports.map(({ name }: { name: string }) => name),
    ['y'],
  )
  const missing = await api.request('PUT', `${widgets}/none?fieldManager=one`, widget('none', { ports: first }))
  assert.equal(missing.status, 404)
})

test('a key that has a default may be left out', async () => {
  const { items, ...list } = ports
  const properties = { number: count, protocol: { ...text, default: 'TCP' }, name: text }
  const withDefault = { ...list, items: { ...(items as JSONSchemaProps), required: ['number'], properties } }
  await using api = await serving({ type: 'object', properties: { ports: withDefault } })
  const created = await apply(api, 'one', { ports: [{ name: 'x', number: 80 }] })
  assert.deepEqual(created.json.spec.ports, [{ name: 'x', number: 80, protocol: 'TCP' }])
  const taken = await apply(api, 'two', { ports: [{ name: 'y', number: 80, protocol: 'TCP' }] })
  assert.deepEqual(causes(taken), ['.spec.ports[number=80,protocol="TCP"].name'])
})

test('a default within an atomic value does not make every apply a change', async () => {
  const reference: JSONSchemaProps = {
    type: 'object',
    'x-kubernetes-map-type': 'atomic',
    properties: { name: text, at: { ...text, default: 'here' } },
  }
  await using api = await serving({ type: 'object', properties: { reference } })
  const created = await apply(api, 'one', { reference: { name: 'x' } })
  assert.deepEqual(created.json.spec.reference, { name: 'x', at: 'here' })
  api.clock.advance(60_000)
  const again = await apply(api, 'one', { reference: { name: 'x' } })
  assert.equal(again.json.metadata.resourceVersion, created.json.metadata.resourceVersion)
  const other = await apply(api, 'two', { reference: { name: 'y' } })
  assert.deepEqual(causes(other), ['.spec.reference'])
})

test('a field without a manager falls back to its earlier manager', async () => {
  await using api = await serving({ type: 'object', ...keepsUnknown })
  await apply(api, 'one', { replicas: 1 })
  const cleared = await patch(api, { metadata: { managedFields: [{}] } })
  assert.equal(cleared.json.metadata.managedFields, undefined)
  const refused = await apply(api, 'two', { replicas: 2 })
  assert.equal(
    refused.json.message,
    'Apply failed with 1 conflict: conflict with "before-first-apply" using example.com/v1: .spec.replicas',
  )
  const forced = await apply(api, 'two', { replicas: 2 }, '&force=true')
  assert.deepEqual(specOf(forced.json.metadata.managedFields, 'two'), { 'f:replicas': {} })
})

test('an accepted field that is not in the schema is pruned', async () => {
  await using api = await serving({ type: 'object', properties: { known: { type: 'object', properties: { a: text } } }, ...keepsUnknown })
  const { status, json } = await apply(api, 'one', { free: 1, known: { a: 'x', b: 1 } })
  assert.equal(status, 201, json.message)
  assert.deepEqual(json.spec, { free: 1, known: { a: 'x' } })
})

test('the manager of a part of a value that becomes atomic manages the whole', async () => {
  const parts = (more: object = {}): JSONSchemaProps => ({
    type: 'object',
    properties: { limits: { type: 'object', additionalProperties: text, ...more }, color: text },
  })
  await using api = await serving(parts())
  await apply(api, 'one', { limits: { a: '1' }, color: 'red' })
  const both = await apply(api, 'two', { limits: { b: '2' } })
  assert.deepEqual(both.json.spec.limits, { a: '1', b: '2' })
  const name = 'widgets.example.com'
  const { json: definition } = await api.get(`${crds}/${name}`)
  const { spec } = withSpec(parts({ 'x-kubernetes-map-type': 'atomic' }))
  const changed = await api.request('PUT', `${crds}/${name}`, { ...definition, spec })
  assert.equal(changed.status, 200, changed.text)
  await waitFor(api, name, ({ metadata }) => metadata.generation === changed.json.metadata.generation)

  const refused = await apply(api, 'three', { limits: { c: '3' } })
  assert.deepEqual(causes(refused), ['.spec.limits', '.spec.limits'])
  const noted = await patch(api, { metadata: { labels: { x: 'y' } } })
  assert.deepEqual(specOf(noted.json.metadata.managedFields, 'one'), { 'f:color': {}, 'f:limits': {} })
  assert.deepEqual(specOf(noted.json.metadata.managedFields, 'two'), { 'f:limits': {} })
  const alone = await apply(api, 'one', { limits: { a: '2' }, color: 'red' }, '&force=true')
  assert.deepEqual(alone.json.spec.limits, { a: '2' })
  assert.equal(specOf(alone.json.metadata.managedFields, 'two'), undefined)
})

test('the scale of a custom resource uses the replicas path of each version', async () => {
  const scale = { specReplicasPath: '.spec.many.count', statusReplicasPath: '.status.count' }
  const spec: JSONSchemaProps = { type: 'object', properties: { many: { type: 'object', properties: { count } }, color: text } }
  const status: JSONSchemaProps = { type: 'object', properties: { count } }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec, status } } }
  await using api = await serving(spec, { schema, subresources: { status: {}, scale } })
  await apply(api, 'one', { many: { count: 1 }, color: 'red' })
  const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 3 } }
  const send = (query: string) => api.request('PATCH', `${widgets}/a/scale?${query}`, body, applyPatch)
  const refused = await send('fieldManager=two')
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "one": .spec.replicas')
  assert.equal((await send('fieldManager=two&force=true')).json.spec.replicas, 3)
  const strategic = { 'content-type': 'application/strategic-merge-patch+json' }
  assert.equal((await api.request('PATCH', `${widgets}/a/scale`, { spec: { replicas: 4 } }, strategic)).status, 415)
  const { json } = await api.get(`${widgets}/a`)
  assert.deepEqual(json.spec, { many: { count: 3 }, color: 'red' })
  assert.deepEqual(specOf(json.metadata.managedFields, 'one'), { 'f:color': {} })
  assert.deepEqual(specOf(json.metadata.managedFields, 'two'), { 'f:many': { 'f:count': {} } })
})

test('setting replicas in an empty spec adds the defaults of the schema', async () => {
  const scale = { specReplicasPath: '.spec.count', statusReplicasPath: '.status.count' }
  const spec: JSONSchemaProps = { type: 'object', properties: { count, color: { ...text, default: 'red' } } }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec, status: { type: 'object', properties: { count } } } } }
  await using api = await serving(spec, { schema, subresources: { status: {}, scale } })
  const { metadata, apiVersion, kind } = widget('a', {})
  await api.create(widgets, { metadata, apiVersion, kind })
  assert.equal((await api.request('PATCH', `${widgets}/a/scale`, { spec: { replicas: 2 } })).status, 200)
  const scaled = await api.get(`${widgets}/a`)
  assert.deepEqual(scaled.json.spec, { count: 2, color: 'red' })
  const labelled = await patch(api, { metadata: { labels: { x: 'y' } } })
  assert.equal(labelled.json.metadata.generation, scaled.json.metadata.generation)
})

test('an update of a scale needs no resourceVersion, and is refused with an old one', async () => {
  const scale = { specReplicasPath: '.spec.count', statusReplicasPath: '.status.count' }
  const spec: JSONSchemaProps = { type: 'object', properties: { count } }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec, status: { type: 'object', properties: { count } } } } }
  await using api = await serving(spec, { schema, subresources: { status: {}, scale } })
  const created = await api.create(widgets, widget('a', { count: 1 }))
  const metadata = { name: 'a', namespace: 'default' }
  const put = (demand: object) =>
    api.request('PUT', `${widgets}/a/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { ...metadata, ...demand },
      spec: { replicas: 3 },
    })
  const replaced = await put({})
  assert.deepEqual([replaced.status, replaced.json.spec], [200, { replicas: 3 }])
  assert.equal((await put({ resourceVersion: created.metadata.resourceVersion })).status, 409)
})

test('a null in a configuration is validated as a value, unless a default replaces it', async () => {
  await using api = await serving({
    type: 'object',
    properties: {
      plain: text,
      chosen: { ...text, default: 'red' },
      note: { ...text, nullable: true },
      labels: { type: 'object', additionalProperties: text },
    },
  })
  const refused = await apply(api, 'one', { plain: null, chosen: null, note: null, labels: { a: null } })
  assert.equal(refused.status, 422)
  assert.deepEqual(causes(refused).sort(), ['spec.labels.a', 'spec.plain'])
  const { status, json } = await apply(api, 'one', { chosen: null, note: null })
  assert.equal(status, 201)
  assert.deepEqual(json.spec, { chosen: 'red', note: null })
  const created = await api.request('POST', widgets, widget('b', { plain: null, labels: { a: null } }))
  assert.deepEqual(created.json.spec, { chosen: 'red', labels: {} })
})

test('null and empty values in a configuration are kept for managers of another version', async () => {
  await using api = new TestServer()
  const properties = {
    parts: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    color: { ...text, default: 'red' },
  }
  const items: JSONSchemaProps = { type: 'object', required: ['name'], properties: { name: text } }
  const spec = { type: 'object', properties: { ...properties, parts: { ...properties.parts, items } } } as JSONSchemaProps
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
  const version = { served: true, schema }
  const versions = [
    { ...version, name: 'v1', storage: true },
    { ...version, name: 'v2', storage: false },
  ]
  await install(api, widgetDefinition({ spec: { versions } }))
  const send = (name: string, object: object, manager: string) =>
    api.request('PATCH', `/apis/example.com/${name}/namespaces/default/widgets/a?fieldManager=${manager}`, object, applyPatch)
  const inVersion = (name: string, value: object) => ({ ...widget('a', value), apiVersion: `example.com/${name}` })
  assert.equal((await send('v2', inVersion('v2', {}), 'one')).status, 201)
  const refused = await send('v1', inVersion('v1', { parts: [{ name: null }] }), 'two')
  assert.equal(refused.status, 422, refused.text)
  assert.match(refused.json.message, /spec\.parts\[0\]\.name: Invalid value: "null"/)
  const again = await send('v1', inVersion('v1', {}), 'one')
  assert.deepEqual(again.json.spec, { color: 'red' })
})
