import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, NodeSelectorTerm, Pod } from '../../api/types/core-v1.ts'
import { plugins } from '../plugins/index.ts'
import { ClusterState } from './cluster-state.ts'
import { selectNode } from './select-node.ts'

const nodeOf = (name: string, zone = ''): Node => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone } },
  spec: {},
  status: { allocatable: { cpu: '1', pods: '10' } },
})
const podOf = (cpu: string, ...nodeSelectorTerms: NodeSelectorTerm[]): Pod => ({
  metadata: { name: 'p', namespace: 'ns' },
  spec: {
    containers: [{ name: 'c', resources: { requests: { cpu } } }],
    ...(nodeSelectorTerms.length === 0
      ? {}
      : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } }),
  },
})
const named = (...lists: string[][]): NodeSelectorTerm => ({
  matchFields: lists.map(values => ({ key: 'metadata.name', operator: 'In', values })),
})
const clusterOf = (...nodes: Node[]): ClusterState => {
  const cluster = new ClusterState()
  for (const node of nodes) cluster.setNode(node)
  return cluster
}
const noHelp = (nodes: number) => `${nodes} Preemption is not helpful for scheduling`

const rows: { name: string; pod: Pod; want: string }[] = [
  { name: 'goes to the node that it names', pod: podOf('1', named(['c'])), want: 'c' },
  { name: 'goes to a node that its terms name', pod: podOf('1', named(['x']), named(['b'])), want: 'b' },
  {
    name: 'does not fit on the node that it names',
    pod: podOf('2', named(['a'])),
    want: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/3 nodes are available: ${noHelp(3)}.`,
  },
  {
    name: 'names a missing node',
    pod: podOf('1', named(['x'])),
    want: `0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/3 nodes are available: ${noHelp(3)}.`,
  },
  {
    name: 'names two nodes at once',
    pod: podOf('1', named(['a'], ['b'])),
    want: `0/3 nodes are available: pod affinity terms conflict. preemption: 0/3 nodes are available: ${noHelp(3)}.`,
  },
  {
    name: 'has a term without names, so that all nodes are considered',
    pod: podOf('1', named(['x']), { matchExpressions: [{ key: 'disk', operator: 'Exists' }] }),
    want: `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: ${noHelp(3)}.`,
  },
]
for (const { name, pod, want } of rows) {
  test(`selectNode() of a pod that ${name}`, () => {
    const placement = selectNode(pod, clusterOf(nodeOf('a'), nodeOf('b'), nodeOf('c')), plugins, () => 0)
    assert.equal(placement.placed ? placement.node : placement.message, want)
  })
}

test('selectNode() examines only a part of the nodes of a large cluster, and the following ones next time', () => {
  const cluster = clusterOf(...Array.from({ length: 300 }, (_, index) => nodeOf(`n${index}`)))
  const { examined } = selectNode(podOf('1'), cluster, plugins, () => 0)
  assert.equal(examined, 144)
  const next = selectNode(podOf('1'), cluster, plugins, () => 0, examined)
  assert.equal(next.placed && next.node, 'n144')
})

test('ClusterState alternates nodes of all zones', () => {
  const cluster = clusterOf(nodeOf('a', '1'), nodeOf('b', '1'), nodeOf('c', '1'), nodeOf('d', '2'), nodeOf('e', '2'))
  const names = () => cluster.nodes.map(({ name }) => name).join('')
  assert.equal(names(), 'adbec')
  cluster.setNode(nodeOf('c', '3'))
  assert.equal(names(), 'acdbe')
})
