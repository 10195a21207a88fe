import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod } from '../api/types/core-v1.ts'
import { ClusterState } from './framework/cluster-state.ts'
import { selectNode } from './framework/select-node.ts'
import { plugins } from './plugins/index.ts'

const nodeOf = (name: string, labels: Record<string, string>): Node => ({
  metadata: { name, labels },
  spec: {},
  status: { allocatable: { cpu: '1', memory: '1Gi', pods: '9' } },
})
const podOf = (os?: string): Pod => ({
  metadata: { name: 'p', namespace: 'default', uid: 'u' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(os === undefined ? {} : { os: { name: os } }) },
})

test('a pod with an operating system goes to nodes that run it, and waits if there is none', () => {
  const cluster = new ClusterState()
  cluster.setNode(nodeOf('tux', { 'kubernetes.io/os': 'linux' }))
  cluster.setNode(nodeOf('silent', {}))
  const placed = (os?: string) => selectNode(podOf(os), cluster, plugins, () => 0)
  assert.equal(placed().placed, true)
  assert.equal(placed('linux').placed, true)
  const waiting = placed('windows')
  assert.ok(!waiting.placed)
  assert.match(waiting.message, /^0\/2 nodes are available: 2 node\(s\) didn't run the operating system of the pod\./)
  cluster.setNode(nodeOf('win', { 'kubernetes.io/os': 'windows' }))
  const found = placed('windows')
  assert.ok(found.placed)
  assert.equal(found.node, 'win')
})
