import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CSINodeDriver } from '../../api/types/storage-v1.ts'
import { readMessage } from '../../base/csi/read-message.ts'
import { readNodeInfo } from './csi-drivers.ts'
import { planCsiNode, topologyLabels } from './csi-node-object.ts'

const node = (labels: Record<string, string> = {}) => ({ metadata: { name: 'n1', uid: 'u', labels }, spec: {} })
const driver = (name: string, more: object = {}) => ({ name, nodeId: 'n1', maxVolumes: 0, topology: {}, ...more })
const csiNode = (...drivers: CSINodeDriver[]) => ({ metadata: { name: 'n1', resourceVersion: '7' }, spec: { drivers } })
const entry = (name: string): CSINodeDriver => ({ name, nodeID: 'n1', topologyKeys: [] })
const none = new Set<string>()

test('planCsiNode() makes the object, owned by the Node', () => {
  const made = planCsiNode(undefined, node(), [driver('a', { maxVolumes: 3, topology: { z: '1', a: '2' } })], none)
  assert.deepEqual(made?.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' }])
  assert.deepEqual(made?.spec.drivers, [{ name: 'a', nodeID: 'n1', topologyKeys: ['a', 'z'], allocatable: { count: 3 } }])
})

test('planCsiNode() changes nothing that is as wanted', () => {
  assert.equal(planCsiNode(csiNode(entry('a')), node(), [driver('a')], none), undefined)
})

test('planCsiNode() keeps the drivers of an earlier agent until they count as gone', () => {
  assert.deepEqual(planCsiNode(csiNode(entry('b')), node(), [driver('a')], new Set(['b']))?.spec.drivers, [entry('a'), entry('b')])
  assert.deepEqual(planCsiNode(csiNode(entry('b')), node(), [driver('a')], none)?.spec.drivers, [entry('a')])
})

test('topologyLabels() adds what is missing, and refuses what contradicts', () => {
  assert.deepEqual(topologyLabels(node({ zone: 'a' }), [driver('d', { topology: { zone: 'a', rack: '1' } })]), { rack: '1' })
  assert.throws(
    () => topologyLabels(node({ zone: 'b' }), [driver('d', { topology: { zone: 'a' } })]),
    /driver "d" says zone=a, and the node has the label zone=b/,
  )
  assert.throws(
    () => topologyLabels(node(), [driver('c', { topology: { x: '1' } }), driver('d', { topology: { x: '2' } })]),
    /driver "d" says x=2/,
  )
})

const wrong: readonly { readonly name: string; readonly answer: object; readonly error: RegExp }[] = [
  { name: 'no id', answer: {}, error: /node_id must have 1 to 256 characters, got 0/ },
  { name: 'a long id', answer: { nodeId: 'x'.repeat(257) }, error: /got 257/ },
  { name: 'a negative limit', answer: { nodeId: 'n', maxVolumesPerNode: -1 }, error: /from 0 to 2147483647/ },
  {
    name: 'a key that is no label',
    answer: { nodeId: 'n', accessibleTopology: { segments: { '../x': 'a' } } },
    error: /must be a label of a node/,
  },
  {
    name: 'a value that is no label',
    answer: { nodeId: 'n', accessibleTopology: { segments: { x: 'a b' } } },
    error: /must be a label of a node/,
  },
  {
    name: 'many keys',
    answer: { nodeId: 'n', accessibleTopology: { segments: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`k${at}`, 'v'])) } },
    error: /33 topology keys, at most 32/,
  },
]
for (const { name, answer, error } of wrong)
  test(`readNodeInfo() rejects ${name}`, () => assert.throws(() => readNodeInfo('d', readMessage('NodeGetInfoResponse', answer)), error))
