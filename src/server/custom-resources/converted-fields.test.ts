// Field managers with a conversion webhook: each manager has the field names of the version that it wrote through.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagedFieldsEntry } from '../../api/object.ts'
import { type Review, serving, v2 } from './converted-widgets.testing.ts'
import { widget, widgets } from './widgets.testing.ts'

const applyPatch = { 'content-type': 'application/apply-patch+yaml' }
const inV2 = (name: string, spec: object) => ({ ...widget(name, spec), apiVersion: 'example.com/v2' })
/** The fields of the spec by manager. */
const owners = (entries: ManagedFieldsEntry[] = []) =>
  Object.fromEntries(
    entries.map(({ manager, apiVersion, fieldsV1 }) => [
      `${manager} ${apiVersion?.split('/')[1]}`,
      Object.keys((fieldsV1 as Record<string, object>)['f:spec'] ?? {}),
    ]),
  )

test('changing a field through one version takes it from a manager of another version', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.request('PATCH', `${v2}/a?fieldManager=ann`, inV2('a', { length: 7, color: 'blue' }), applyPatch)
  converter.reviews.length = 0
  const { status, json } = await api.request('PATCH', `${widgets}/a?fieldManager=bob`, { spec: { size: 8 } })
  assert.equal(status, 200)
  // The old and the new object, in one request.
  assert.deepEqual(
    converter.reviews.map(({ request }) => request.objects.map((object: Review) => object.metadata.managedFields)),
    [[undefined, undefined]],
  )
  assert.deepEqual(owners(json.metadata.managedFields), { 'ann v2': ['f:color'], 'bob v1': ['f:size'] })
})

test('an apply conflicts with managers of another version, in their names', async () => {
  const { api } = await serving()
  await using _api = api
  await api.request('PATCH', `${v2}/a?fieldManager=ann`, inV2('a', { length: 7 }), applyPatch)
  const other = await api.request('PATCH', `${widgets}/a?fieldManager=bob`, widget('a', { size: 8 }), applyPatch)
  assert.equal(other.status, 409)
  assert.match(other.json.message, /conflict with "ann": \.spec\.length$/)
  const same = await api.request('PATCH', `${widgets}/a?fieldManager=bob`, widget('a', { size: 7 }), applyPatch)
  assert.equal(same.status, 200, same.text)
  const forced = await api.request('PATCH', `${widgets}/a?fieldManager=bob&force=true`, widget('a', { size: 8 }), applyPatch)
  assert.deepEqual(owners(forced.json.metadata.managedFields), { 'bob v1': ['f:size'] })
  assert.equal((await api.get(`${v2}/a`)).json.spec.length, 8)
})

test('a field that a manager applied through one version and omits in another is removed', async () => {
  const { api } = await serving()
  await using _api = api
  await api.request('PATCH', `${v2}/a?fieldManager=ann`, inV2('a', { length: 7, color: 'blue' }), applyPatch)
  const { status, json, text } = await api.request('PATCH', `${widgets}/a?fieldManager=ann`, widget('a', { color: 'blue' }), applyPatch)
  assert.equal(status, 200, text)
  assert.deepEqual(json.spec, { color: 'blue' })
  assert.deepEqual(owners(json.metadata.managedFields), { 'ann v1': ['f:color'] })
})

test('if the webhook fails, apply fails, but update succeeds and the object has no managers', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.request('PATCH', `${v2}/a?fieldManager=ann`, inV2('a', { length: 7 }), applyPatch)
  converter.change = () => {
    throw new Error('Post "https://converter.example.com/convert": EOF')
  }
  const applied = await api.request('PATCH', `${widgets}/a?fieldManager=bob`, widget('a', { color: 'blue' }), applyPatch)
  assert.equal(applied.status, 500)
  assert.match(applied.json.message, /conversion webhook for example\.com\/v1, Kind=Widget failed/)
  const updated = await api.request('PATCH', `${widgets}/a?fieldManager=bob`, { spec: { size: 8 } })
  assert.equal(updated.status, 200, updated.text)
  assert.equal(updated.json.metadata.managedFields, undefined)
  assert.match(updated.headers['warning'] ?? '', /nobody manages the fields of this object any more: .*conversion webhook/)
})

test('managers of a single version cause no webhook call', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.request('PATCH', `${widgets}/a?fieldManager=ann`, widget('a', { size: 7 }), applyPatch)
  await api.request('PATCH', `${widgets}/a?fieldManager=bob`, { spec: { color: 'blue' } })
  assert.equal(converter.reviews.length, 0)
})
