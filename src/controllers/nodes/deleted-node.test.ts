import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deniedCredentials } from '../../api/credentials/denied-credentials-names.ts'
import { configMaps, nodes } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { deletedNode, nodeCertificatesFinalizer } from './deleted-node.ts'

const { namespace, name } = deniedCredentials
const now = Date.UTC(2026, 0, 2, 12)
const ending = (node: string, uid: string) => ({
  metadata: { name: node, uid, deletionTimestamp: '2026-01-02T12:00:00Z', finalizers: ['example.com/other', nodeCertificatesFinalizer] },
  spec: {},
})

test('deletedNode adds its finalizer to each Node, and keeps other finalizers', async () => {
  await using scenario = startScenario({
    controllers: [deletedNode],
    prepare: api => api.seed(nodes, { metadata: { name: 'a', finalizers: ['example.com/other'] }, spec: {} }),
  })
  const guards = () => scenario.api.read(nodes, '', 'a')?.metadata.finalizers ?? []
  await scenario.until(() => guards().includes(nodeCertificatesFinalizer), 'the guard')
  assert.deepEqual(guards(), ['example.com/other', nodeCertificatesFinalizer])
})

test('deletedNode denies the certificates of a Node before it removes its finalizer, and drops entries whose certificates have all expired', async () => {
  const others = {
    thief: 'user-name:eve',
    'node.gone': 'node-certificates:z@2026-01-02T11:59:59Z',
    'node.lately': 'node-certificates:y@2026-01-02T12:30:00Z',
  }
  await using scenario = startScenario({
    controllers: [deletedNode],
    now: () => now,
    prepare(api) {
      api.seed(configMaps, { metadata: { namespace, name }, data: others })
      api.seed(nodes, ending('a', 'u1'))
    },
  })
  const { api } = scenario
  await scenario.until(() => api.read(nodes, '', 'a')?.metadata.finalizers?.includes(nodeCertificatesFinalizer) !== true, 'the end')
  const { 'node.gone': _, ...left } = others
  assert.deepEqual(api.read(configMaps, namespace, name)?.data, { ...left, 'node.u1': 'node-certificates:a@2026-01-03T12:00:00Z' })
})

test('deletedNode recreates a removed list', async () => {
  await using scenario = startScenario({
    controllers: [deletedNode],
    now: () => now,
    prepare: api => void api.seed(nodes, ending('a', 'u1')),
  })
  await scenario.until(() => scenario.api.read(configMaps, namespace, name) !== undefined, 'the list')
  assert.deepEqual(scenario.api.read(configMaps, namespace, name)?.data, { 'node.u1': 'node-certificates:a@2026-01-03T12:00:00Z' })
})
