import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CsiCalls } from '../../base/csi/csi-client.ts'
import { Client } from '../../client/client.ts'
import { csiNodes, nodes } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import type { NodeDriver } from './csi-drivers.ts'
import { publishDrivers } from './publish-drivers.ts'

const calls: CsiCalls = { call: () => Promise.reject(new Error('not called')) }
const driver = (more: Partial<NodeDriver> = {}): NodeDriver => ({
  name: 'a',
  calls,
  nodeId: 'n1',
  maxVolumes: 0,
  topology: {},
  can: new Set(),
  ...more,
})
const { signal } = new AbortController()

test('publishDrivers() removes an entry that changes before it adds the new one, since entries are immutable', async () => {
  const api = new FakeApi()
  api.seed(nodes, { metadata: { name: 'n1', uid: 'u' }, spec: {} })
  const client = new Client(api)
  const kept = { name: 'b', nodeID: 'n1', topologyKeys: [] }
  api.seed(csiNodes, { metadata: { name: 'n1' }, spec: { drivers: [{ name: 'a', nodeID: 'old', topologyKeys: [] }, kept] } })
  await publishDrivers(client, 'n1', [driver(), driver({ name: 'b' })], new Set(), signal)
  const written = api.requests
    .filter(({ method }) => method === 'PUT')
    .map(({ body }) => (body as { spec: { drivers: { name: string; nodeID: string }[] } }).spec.drivers)
  assert.deepEqual(written, [[kept], [{ name: 'a', nodeID: 'n1', topologyKeys: [] }, kept]])
})

test('publishDrivers() writes labels before the CSINode, and nothing twice', async () => {
  const api = new FakeApi()
  api.seed(nodes, { metadata: { name: 'n1', uid: 'u' }, spec: {} })
  const client = new Client(api)
  for (let turn = 0; turn < 2; turn++) await publishDrivers(client, 'n1', [driver({ topology: { zone: 'z' } })], new Set(), signal)
  const writes = api.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(writes, ['PATCH /api/v1/nodes/n1', 'POST /apis/storage.k8s.io/v1/csinodes'])
})
