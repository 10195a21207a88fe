import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { formatWitnessCall, witnessTunnelPath } from '../../api/nodes/witness-call.ts'
import { TestServer } from '../testing.ts'

const api = new TestServer()
const asked: string[] = []
api.server.nodeTunnels.register('n1', async request => {
  asked.push(request.kind === 'kubelet' ? `kubelet ${request.path}` : request.kind)
  return { status: 200, contentType: 'application/json', stream: Duplex.from([Buffer.from('{}')]) }
})
const created = await api.request('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } })
assert.equal(created.status, 201)

const name = witnessTunnelPath.slice(1)
/** What a user with every right may send, in spellings that a proxy might decode, join or rewrite. */
const tails = [
  name,
  `/${name}`,
  `./${name}`,
  `../${name}`,
  `%2e%2e/${name}`,
  `..%2f${name}`,
  `%2F${name}`,
  `healthz/../${name}`,
  `healthz/%2e%2e/%2e%2e/${name}`,
  `healthz%2f..%2f..%2f${name}`,
  `healthz/..;/${name}`,
  name.replace('a', '%61'),
  name.replace('-', '%2d'),
  name.toUpperCase(),
  `${name}?x=1`,
  `healthz?/../../${name}`,
  `kubelet/../${name}`,
  `pods%0d%0a%0d%0aPOST%20/${name}`,
]
const roots = [
  '/api/v1/nodes/n1/proxy/',
  '/api/v1/nodes/https:n1:10250/proxy/',
  '/api/v1/nodes/n1:10250/proxy/',
  '/api/v1/proxy/nodes/n1/',
  '/api/v1/nodes/n1/',
]
const others = [
  witnessTunnelPath,
  `/bulkhead/v1/${name}`,
  `/bulkhead/v1/nodes/n1/${name}`,
  `/bulkhead/v1/nodes/n1/tunnel/../${name}`,
  `/bulkhead/v1/csi/n1/${name}/CreateVolume`,
  `/bulkhead/v1/csi/n1/..%2f${name}/CreateVolume`,
  `/bulkhead/v1/witness/n1`,
  `/api/v1/namespaces/default/pods/p/proxy/${name}`,
]

test('no user reaches a node as a witness, whatever the path and its escapes', async () => {
  const body = JSON.parse(formatWitnessCall({ logKey: 'k', submission: 's' })) as object
  for (const path of [...roots.flatMap(root => tails.map(tail => `${root}${tail}`)), ...others])
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      await api.request(method, path, method === 'GET' ? undefined : body)
      const reached = asked.filter(each => !each.startsWith('kubelet '))
      assert.deepEqual(reached, [], `${method} ${path}`)
    }
  for (const each of asked) assert.match(each, /^kubelet (healthz|healthz\/ping|pods|stats\/summary|metrics\/resource)$/)
})

test('the server itself reaches it', async () => {
  const request = { kind: 'witness', body: Buffer.from('{}') } as const
  assert.equal((await api.server.nodeTunnels.requestNode('n1', request, new AbortController().signal)).status, 200)
  assert.equal(asked.at(-1), 'witness')
})
