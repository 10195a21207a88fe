import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import type { Binding } from '../../api/types/core-v1.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'

test("podTopologyLabels copies zone and region of the node, and keeps the pod's own labels", async () => {
  const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', disk: 'ssd' }
  const of = (own: Record<string, string>, nodeName = 'n1') => ({
    metadata: { name: 'p', namespace: 'n', labels: own },
    spec: { containers: [], nodeName },
  })
  const waiting = of({ 'topology.kubernetes.io/region': 'mine' }, '')
  const plugin = createPlugin(podTopologyLabels, { reader: readerOf({ nodes: [{ metadata: { name: 'n1', labels } }], pods: [waiting] }) })
  const object: Binding = { metadata: { name: 'p', namespace: 'n' }, target: { kind: 'Node', name: 'n1' } }
  await ask(plugin, { resource: pod, subresource: 'binding', object })
  assert.deepEqual(object.metadata.labels, { 'topology.kubernetes.io/zone': 'z' })
  const placed = of({ 'topology.kubernetes.io/region': 'mine' })
  await ask(plugin, { resource: pod, object: placed })
  assert.deepEqual(placed.metadata.labels, { 'topology.kubernetes.io/region': 'mine', 'topology.kubernetes.io/zone': 'z' })
  const elsewhere = of({}, 'absent')
  await ask(plugin, { resource: pod, object: elsewhere })
  assert.deepEqual(elsewhere.metadata.labels, {})
})
