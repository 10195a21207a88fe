import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

test('a binding sets the node and does not increment the generation', async () => {
  await using api = new TestServer()
  const pods = '/api/v1/namespaces/default/pods'
  await api.request('POST', pods, { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
  assert.equal(
    (await api.request('POST', `${pods}/a/binding`, { metadata: { name: 'a' }, target: { kind: 'Node', name: 'n' } })).status,
    201,
  )
  const { json } = await api.request('GET', `${pods}/a`)
  assert.equal(json.spec.nodeName, 'n')
  assert.equal(json.metadata.generation, 1)
})
