// Field selectors with a conversion webhook: each version is selected by its own fields.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestServer } from '../testing.ts'
import { serving, v2 } from './converted-widgets.testing.ts'
import { widget, widgets } from './widgets.testing.ts'

async function withWidgets(api: TestServer, sizes: Record<string, number>): Promise<void> {
  for (const [name, size] of Object.entries(sizes)) await api.create(widgets, widget(name, { size }))
}
const names = ({ json }: { json: { items: { metadata: { name: string } }[] } }) => json.items.map(({ metadata }) => metadata.name)

test('a list is selected by the fields of the requested version only', async () => {
  const { api } = await serving()
  await using _api = api
  await withWidgets(api, { a: 1, b: 2, c: 1 })
  assert.deepEqual(names(await api.get(`${v2}?fieldSelector=spec.length%3D1`)), ['a', 'c'])
  assert.deepEqual(names(await api.get(`${v2}?fieldSelector=spec.length!%3D1`)), ['b'])
  assert.deepEqual(names(await api.get(`${v2}?fieldSelector=spec.length%3D1,metadata.name%3Dc`)), ['c'])
  assert.deepEqual(names(await api.get(`${widgets}?fieldSelector=spec.size%3D2`)), ['b'])
  for (const path of [`${v2}?fieldSelector=spec.size%3D1`, `${widgets}?fieldSelector=spec.length%3D1`])
    assert.equal((await api.get(path)).status, 400, path)
})

test('pages have the requested number of objects, whatever is between them', async () => {
  const { api } = await serving()
  await using _api = api
  await withWidgets(api, { a: 1, b: 2, c: 1, d: 2, e: 1 })
  const page = `${v2}?limit=2&fieldSelector=spec.length%3D1`
  const first = await api.get(page)
  assert.deepEqual(names(first), ['a', 'c'])
  assert.equal(first.json.metadata.remainingItemCount, undefined)
  const second = await api.get(`${page}&continue=${encodeURIComponent(first.json.metadata.continue)}`)
  assert.deepEqual(names(second), ['e'])
  assert.equal(second.json.metadata.continue, '')
})

test('a watch reports objects that enter and leave its selection', async () => {
  const { api } = await serving()
  await using _api = api
  await withWidgets(api, { a: 1, b: 2 })
  const watch = await api.watch(`${v2}?watch=true&fieldSelector=spec.length%3D1`)
  const next = async () => {
    const event = await watch.next()
    return [event?.type, event?.object.metadata.name, event?.object.spec.length]
  }
  assert.deepEqual(await next(), ['ADDED', 'a', 1])
  await api.request('PATCH', `${widgets}/b`, { spec: { size: 1 } })
  assert.deepEqual(await next(), ['ADDED', 'b', 1])
  await api.request('PATCH', `${widgets}/b`, { spec: { color: 'blue' } })
  assert.deepEqual(await next(), ['MODIFIED', 'b', 1])
  await api.request('PATCH', `${widgets}/a`, { spec: { size: 5 } })
  assert.deepEqual(await next(), ['DELETED', 'a', 1])
  await api.request('PATCH', `${widgets}/a`, { spec: { size: 6 } })
  await api.request('DELETE', `${widgets}/b`)
  assert.deepEqual(await next(), ['DELETED', 'b', 1])
  watch.close()
})

test('deletecollection deletes the selected objects only', async () => {
  const { api } = await serving()
  await using _api = api
  await withWidgets(api, { a: 1, b: 2, c: 1 })
  assert.equal((await api.request('DELETE', `${v2}?fieldSelector=spec.length%3D1`)).status, 200)
  assert.deepEqual(names(await api.get(widgets)), ['b'])
})

test('a webhook that fails fails the list', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await withWidgets(api, { a: 1 })
  converter.change = () => ({})
  assert.equal((await api.get(`${v2}?fieldSelector=spec.length%3D1`)).status, 500)
  assert.deepEqual(names(await api.get(`${widgets}?fieldSelector=spec.size%3D1`)), ['a'])
})
