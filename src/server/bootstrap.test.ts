import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootstrapNamespaces } from './bootstrap.ts'
import { TestServer } from './testing.ts'

test("ensureObjects() uses the API server's name as field manager", async () => {
  await using api = new TestServer()
  await api.server.ensureObjects(bootstrapNamespaces())
  const { json } = await api.get('/api/v1/namespaces/kube-public')
  const managers = json.metadata.managedFields.map(({ manager, operation }: Record<string, string>) => [manager, operation])
  assert.deepEqual(managers, [['kube-apiserver', 'Update']])
})
