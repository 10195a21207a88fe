import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

test('apiserver_storage_objects counts the stored objects of each resource, and omits resources that store nothing', async () => {
  await using api = new TestServer()
  const path = '/api/v1/namespaces/default/configmaps'
  for (const name of ['a', 'b', 'c']) await api.create(path, { metadata: { name } })
  await api.request('DELETE', `${path}/b`)
  const lines = (await api.request('GET', '/metrics')).text.split('\n').filter(line => line.startsWith('apiserver_storage_objects{'))
  assert.ok(lines.includes('apiserver_storage_objects{resource="configmaps"} 2'))
  assert.ok(lines.includes('apiserver_storage_objects{resource="deployments.apps"} 0'))
  assert.equal(lines.filter(line => /reviews|podaddresses/.test(line)).length, 0)
})
