import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

test('resourceVerbs() warns about a deprecated kind on every verb, also if the request fails', async () => {
  await using api = new TestServer()
  const path = '/api/v1/namespaces/default/endpoints'
  const endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'web' } }
  for (const [method, url, body] of [
    ['GET', path],
    ['GET', '/api/v1/endpoints'],
    ['GET', `${path}/missing`],
    ['POST', path, endpoints],
    ['PATCH', `${path}/web`, { metadata: { labels: { a: 'b' } } }],
    ['DELETE', `${path}/web`],
  ] as const) {
    const { headers } = await api.request(method, url, body)
    assert.match(
      String(headers['warning']),
      /^299 - "v1 Endpoints is deprecated in v1\.33\+; use discovery\.k8s\.io\/v1 EndpointSlice"$/,
      `${method} ${url}`,
    )
  }
  const { headers } = await api.request('GET', '/api/v1/namespaces/default/configmaps')
  assert.equal(headers['warning'], undefined)
})
