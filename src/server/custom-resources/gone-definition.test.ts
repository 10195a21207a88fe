import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RevisionCompacted } from '../../store/store.ts'
import { TestServer } from '../testing.ts'
import { crds, install, waitFor, widget, widgets } from './widgets.testing.ts'

test('a deleted definition has no metrics, and its objects have no history', async () => {
  await using api = new TestServer()
  await install(api)
  const collection = api.store.collection({ groupResource: 'widgets.example.com' })
  const began = collection.oldestRevision
  const watch = await api.watch(`${widgets}?watch=true`)
  await api.create(widgets, widget('a', { size: 1 }))
  const series = async () => (await api.get('/metrics')).text.split('\n').filter(line => line.includes('resource="widgets",'))
  const measured = await series()
  for (const name of ['apiserver_request_total', 'apiserver_request_duration_seconds_count', 'apiserver_longrunning_requests'])
    assert.ok(
      measured.some(line => line.startsWith(`${name}{`)),
      name,
    )
  assert.equal(collection.oldestRevision, began)
  await api.request('DELETE', `${crds}/widgets.example.com`)
  await waitFor(api, 'widgets.example.com', definition => definition === undefined)
  watch.close()
  assert.deepEqual(await series(), [])
  assert.throws(() => collection.watch({ after: began }), RevisionCompacted)
})

test('a changed definition keeps its metrics and the history of its objects', async () => {
  await using api = new TestServer()
  await install(api)
  const collection = api.store.collection({ groupResource: 'widgets.example.com' })
  const began = collection.oldestRevision
  await api.create(widgets, widget('a', { size: 1 }))
  const names = { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] }
  await api.request('PATCH', `${crds}/widgets.example.com`, { spec: { names } })
  await waitFor(api, 'widgets.example.com', definition => definition?.status?.acceptedNames.shortNames?.[0] === 'wd')
  assert.match(
    (await api.get('/metrics')).text,
    /apiserver_request_total\{verb="CREATE",group="example.com",version="v1",resource="widgets"/,
  )
  assert.equal(collection.oldestRevision, began)
})
