import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

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

test('a Table marks finished pods', async () => {
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

test('a Table without objects has no list of rows if the kind has no columns of its own', async () => {
  await using api = new TestServer()
  for (const [path, rows] of [
    ['/api/v1/namespaces/default/limitranges', null],
    ['/apis/rbac.authorization.k8s.io/v1/roles', null],
    ['/api/v1/pods', []],
    ['/api/v1/componentstatuses', []],
  ] as const) {
    const { json } = await api.get(path, asTable)
    assert.deepEqual([json.kind, json.rows], ['Table', rows], path)
  }
})

test('a row of an address has its age, which no column names', async () => {
  await using api = new TestServer()
  const path = '/apis/networking.k8s.io/v1/ipaddresses'
  const parentRef = { resource: 'services', namespace: 'default', name: 'a' }
  await api.create(path, { metadata: { name: '10.0.0.9' }, spec: { parentRef } })
  const { json } = await api.get(`${path}/10.0.0.9`, asTable)
  assert.deepEqual(
    json.columnDefinitions.map(({ name }: { name: string }) => name),
    ['Name', 'ParentRef'],
  )
  assert.deepEqual(json.rows[0].cells, ['10.0.0.9', 'services/default/a', '0s'])
})

test('the Table of a dry run has no revision', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', { metadata: { name: 'a' } }, asTable)
  assert.deepEqual([json.kind, json.metadata], ['Table', {}])
})
