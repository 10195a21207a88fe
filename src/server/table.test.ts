import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from './testing.ts'

const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }

test('a Table lists flow schemas in the order in which they are tried', async () => {
  await using api = new TestServer()
  const path = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas'
  for (const [name, matchingPrecedence] of Object.entries({ a: 900, b: 20, c: 900 })) {
    await api.create(path, { metadata: { name }, spec: { matchingPrecedence, priorityLevelConfiguration: { name: 'l' } } })
  }
  for (const query of ['', '?pretty=true']) {
    const { json } = await api.get(`${path}${query}`, asTable)
    assert.deepEqual(
      json.rows.map(({ cells }: { cells: unknown[] }) => cells[0]),
      ['b', 'a', 'c'],
    )
  }
})

test('a Table says of pods that they are over', async () => {
  await using api = new TestServer()
  const pods = '/api/v1/namespaces/default/pods'
  for (const name of ['a', 'b']) await api.create(pods, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } })
  await api.request('PATCH', `${pods}/b/status`, { status: { phase: 'Failed' } })
  const { json } = await api.get(pods, asTable)
  assert.deepEqual(
    json.rows.map(({ conditions }: { conditions?: unknown }) => conditions),
    [undefined, [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }]],
  )
})
