import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxValues } from '../../api/schema/decode.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { TestServer } from '../testing.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

function definition(count: number) {
  const properties = Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, { type: 'string' }]))
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } }
  return {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' } },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true, schema }] },
  }
}

test('a definition may have more values than other objects, created and applied', async () => {
  await using api = new TestServer()
  const large = definition(maxValues / 2 + 100)
  const applied = await api.request('PATCH', `${definitions}/widgets.example.com?fieldManager=m`, large, {
    'content-type': 'application/apply-patch+yaml',
  })
  assert.equal(applied.status, 201)
  const path = `${definitions}/widgets.example.com`
  const current = async () => (await api.request('GET', path)).json
  const established = async () =>
    (await current()).status.conditions?.some(({ type }: { readonly type: string }) => type === 'Established') === true
  await until(established, 'an established definition')
  assert.equal((await api.request('PUT', path, await current())).status, 200)
  const other = await api.request('POST', '/api/v1/namespaces/default/configmaps', large)
  assert.deepEqual([other.status, other.json.message], [400, `the body has more than ${maxValues} values`])
})
