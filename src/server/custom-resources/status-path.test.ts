// The status of a custom resource, which has a path of its own, and its scale.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps } from '../../api/types/apiextensions-v1.ts'
import { TestServer } from '../testing.ts'
import { install, widget, widgetDefinition, widgets } from './widgets.testing.ts'

const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n', labelSelectorPath: '.status.selector' }

async function serving(status: JSONSchemaProps, spec: JSONSchemaProps = free): Promise<TestServer> {
  const api = new TestServer()
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec, status } } }
  await install(api, widgetDefinition({ version: { schema, subresources: { status: {}, scale } } }))
  return api
}

const merge = { 'content-type': 'application/merge-patch+json' }
const causesOf = ({ json }: { json: { details: { causes: { field: string; message: string }[] } } }): string[] =>
  json.details.causes.map(({ field, message }) => `${field}: ${message}`)

test('a status update validates only the status, and messages name it as the whole', async () => {
  await using api = await serving({ type: 'object', minProperties: 1, properties: { a: { type: 'string' }, b: { type: 'string' } } })
  assert.equal((await api.request('POST', widgets, widget('a', {}))).status, 201)
  const refused = await api.request('PATCH', `${widgets}/a/status`, { status: { a: 5 } }, merge)
  assert.equal(refused.status, 422)
  assert.deepEqual(causesOf(refused), ['status.a: Invalid value: "integer": a in body must be of type string: "integer"'])
  const empty = await api.request('PATCH', `${widgets}/a/status`, { status: {} }, merge)
  assert.deepEqual(causesOf(empty), ['status: Invalid value: 0:  in body should have at least 1 properties'])
  assert.equal((await api.request('PATCH', `${widgets}/a/status`, { status: { a: 'x' } }, merge)).status, 200)
})

test('defaults of the status are set before the first write', async () => {
  await using api = await serving({ type: 'object', default: { a: 'new' }, properties: { a: { type: 'string' } } })
  const { json } = await api.request('POST', widgets, { ...widget('a', {}), status: { a: 'sent' } })
  assert.deepEqual(json.status, { a: 'new' })
  await api.request('PATCH', `${widgets}/a/status`, { status: { a: 'old' } }, merge)
  const kept = await api.request('PATCH', `${widgets}/a`, { status: { a: 'sent' } }, merge)
  assert.deepEqual(kept.json.status, { a: 'old' })
})

const misread: readonly [name: string, body: object, causes: readonly string[]][] = [
  [
    'no number of replicas',
    { spec: { n: 'x' } },
    ['.spec.n: Invalid value: 0: .spec.n accessor error: x is of the type string, expected int64'],
  ],
  ['a fraction', { spec: { n: 1.5 } }, ['.spec.n: Invalid value: 0: .spec.n accessor error: 1.5 is of the type float64, expected int64']],
  ['less than none', { spec: { n: -1 } }, ['.spec.n: Invalid value: -1: should be a non-negative integer']],
  ['too many', { spec: { n: 2 ** 31 } }, ['.spec.n: Invalid value: 2147483648: should be less than or equal to 2147483647']],
]
for (const [name, body, causes] of misread) {
  test(`a scale reads ${name}`, async () => {
    await using api = await serving(free)
    const refused = await api.request('POST', widgets, { ...widget('a', {}), ...body })
    assert.equal(refused.status, 422)
    assert.deepEqual(causesOf(refused), causes)
  })
}

test('the selector of a scale is a string, and the status is validated for it', async () => {
  await using api = await serving(free)
  await api.request('POST', widgets, widget('a', {}))
  const refused = await api.request('PATCH', `${widgets}/a/status`, { status: { n: null, selector: {} } }, merge)
  assert.equal(refused.status, 422)
  assert.deepEqual(causesOf(refused), [
    '.status.selector: Invalid value: "": .status.selector accessor error: map[] is of the type map[string]interface {}, expected string',
  ])
})

test('a list of custom resources has an empty continue token, other forms do not', async () => {
  await using api = await serving(free)
  assert.equal((await api.request('GET', widgets)).json.metadata.continue, '')
  const partial = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' }
  assert.equal('continue' in (await api.request('GET', widgets, undefined, partial)).json.metadata, false)
})
