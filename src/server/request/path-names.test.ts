import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }
const paths: readonly (readonly [method: string, path: string, message: string])[] = [
  ...(['GET', 'POST', 'DELETE'] as const).map(
    method => [method, '/api/v1/namespaces/..%2fx/configmaps', `Namespace parameter invalid: "../x": may not contain '/'`] as const,
  ),
  ...(['GET', 'PUT', 'PATCH', 'DELETE'] as const).map(
    method => [method, '/api/v1/namespaces/default/configmaps/a%25b', `Name parameter invalid: "a%b": may not contain '%'`] as const,
  ),
  ['GET', '/api/v1/namespaces/..%2Fx/configmaps?watch=1', `Namespace parameter invalid: "../x": may not contain '/'`],
  ['GET', '/api/v1/namespaces/a%2Fb', `Name parameter invalid: "a/b": may not contain '/'`],
  ['GET', '/api/v1/watch/namespaces/a%2Fb/configmaps', `Namespace parameter invalid: "a/b": may not contain '/'`],
  ['GET', '/api/v1/namespaces/default/pods/a%2Fb/log', `Name parameter invalid: "a/b": may not contain '/'`],
]

for (const [method, path, message] of paths) {
  test(`${method} ${path} is refused`, async () => {
    await using server = new TestServer()
    const answer = await server.request(method, path, method === 'GET' || method === 'DELETE' ? undefined : configMap)
    assert.deepEqual([answer.status, answer.json.message], [400, message])
  })
}

test('an escape for a character that a name may have is no error', async () => {
  await using server = new TestServer()
  assert.equal((await server.get('/api/v1/namespaces/def%61ult/configmaps')).status, 200)
})
