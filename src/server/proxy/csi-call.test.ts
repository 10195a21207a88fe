import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { csiCallPath } from '../../api/nodes/csi-call-path.ts'
import type { UserInfo } from '../../api/user.ts'
import { TestServer, testUser } from '../testing.ts'

const provisioner: UserInfo = { name: 'system:serviceaccount:kube-system:csi-provisioner', groups: ['system:serviceaccounts'] }
const path = csiCallPath({ node: 'n1', driver: 'disk.example.com', method: 'CreateVolume' })

async function server(user: UserInfo = provisioner) {
  const api = new TestServer()
  const as: Record<string, string> = user === testUser ? {} : { 'impersonate-user': user.name }
  const asked: unknown[] = []
  api.server.nodeTunnels.register('n1', async request => {
    asked.push(request.kind === 'csi' ? { ...request.call, body: request.body.toString() } : request.kind)
    return { status: 200, contentType: 'application/json', stream: Duplex.from([Buffer.from('{"answer":{}}')]) }
  })
  const ask = (method: string, to: string, body?: object) => api.request(method, to, body, as)
  return { ask, asked }
}

test('a controller calls a driver through the tunnel of its node', async () => {
  const { ask, asked } = await server()
  const { status, text } = await ask('POST', path, { name: 'pvc-1' })
  assert.deepEqual([status, text], [200, '{"answer":{}}'])
  assert.deepEqual(asked, [{ node: 'n1', driver: 'disk.example.com', method: 'CreateVolume', body: '{"name":"pvc-1"}' }])
})

const refused: readonly {
  readonly name: string
  readonly user?: UserInfo
  readonly path?: string
  readonly method?: string
  readonly body?: object
  readonly status: number
}[] = [
  { name: 'an administrator', user: testUser, status: 403 },
  { name: 'a node', user: { name: 'system:node:n1', groups: ['system:nodes'] }, status: 403 },
  { name: 'an account of another namespace', user: { name: 'system:serviceaccount:team:csi-provisioner', groups: [] }, status: 403 },
  { name: 'another controller', user: { name: 'system:serviceaccount:kube-system:deployment-controller', groups: [] }, status: 403 },
  { name: 'a GET', method: 'GET', status: 405 },
  { name: 'a call of the Node service', path: '/bulkhead/v1/csi/n1/disk.example.com/NodePublishVolume', status: 404 },
  { name: 'an escaped path', path: '/bulkhead/v1/csi/n1/disk.example.com%2f../CreateVolume', status: 404 },
  { name: 'a large message', body: { name: 'x'.repeat(2 ** 20) }, status: 400 },
]
for (const { name, user, path: other = path, method = 'POST', body = {}, status } of refused)
  test(`no driver is called for ${name}`, async () => {
    const { ask, asked } = await server(user)
    assert.equal((await ask(method, other, method === 'GET' ? undefined : body)).status, status)
    assert.deepEqual(asked, [])
  })

test('a node without a tunnel is named', async () => {
  const { ask } = await server()
  const { status, text } = await ask('POST', csiCallPath({ node: 'n2', driver: 'd', method: 'Probe' }), {})
  assert.equal(status, 404)
  assert.match(text, /nodes \\"n2\\" not found/)
})
