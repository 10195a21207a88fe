import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOffline } from './offline.ts'

test('a server without keys gives verdicts but issues no token', async () => {
  const { signal } = new AbortController()
  await using server = await openOffline({ profile: 'secure', roles: false }, signal)
  const path = '/api/v1/namespaces/default/serviceaccounts'
  const send = async (where: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const response = await server.transport.request(
      { method: 'POST', path: where, headers, body: Buffer.from(JSON.stringify(body)) },
      signal,
    )
    for await (const _ of response.body);
    return response.status
  }
  assert.equal(await send(path, { metadata: { name: 'a' } }), 201)
  assert.equal(await send(`${path}/a/token`, { spec: {} }), 500)
})
