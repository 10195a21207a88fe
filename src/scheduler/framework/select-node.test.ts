import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, NodeSelectorTerm, Pod } from '../../api/types/core-v1.ts'
import { plugins } from '../plugins/index.ts'
import { type Cluster, ClusterState } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'
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
  assert.equal(examined, 100)
  const next = selectNode(podOf('1'), cluster, plugins, () => 0, examined)
  assert.equal(next.placed && next.node, 'n100')
  const choosy = podOf('1')
  choosy.spec.affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } }
  assert.equal(selectNode(choosy, cluster, plugins, () => 0).examined, 144)
})

test('selectNode() reads no more of 3,000 nodes than of 300', () => {
  const reads = [300, 3000].map(count => {
    let read = 0
    const cluster = clusterOf(...Array.from({ length: count }, (_, index) => nodeOf(`n${index}`)))
    const counting = plugins.map(plugin => ({
      ...plugin,
      prepare(pod: Pod, of: Cluster) {
        const rules = plugin.prepare(pod, of)
        const { filter, scores } = rules ?? {}
        return (
          rules && {
            ...rules,
            ...(filter && {
              filter(node: NodeInfo) {
                read++
                return filter(node)
              },
            }),
            ...(scores && {
              scores(nodes: readonly NodeInfo[]) {
                read += nodes.length
                return scores(nodes)
              },
            }),
          }
        )
      },
    }))
    assert.ok(selectNode(podOf('1'), cluster, counting, () => 0).placed)
    return read
  })
  assert.ok((reads[0] ?? 0) > 100)
  assert.equal(reads[1], reads[0])
})

test('nodesWithImage() follows the nodes', () => {
  const having = (name: string, ...names: string[]) => {
    const node = nodeOf(name)
    return { ...node, status: { ...node.status, images: [{ names, sizeBytes: 1 }] } }
  }
  const cluster = clusterOf(having('a', 'x'), having('b', 'x', 'y'))
  assert.deepEqual([cluster.nodesWithImage('x'), cluster.nodesWithImage('y')], [2, 1])
  cluster.setNode(having('a', 'y'))
  assert.deepEqual([cluster.nodesWithImage('x'), cluster.nodesWithImage('y')], [1, 2])
  cluster.removeNode('b')
  assert.deepEqual([cluster.nodesWithImage('x'), cluster.nodesWithImage('y')], [0, 1])
})

test('ClusterState alternates nodes of all zones', () => {
  const cluster = clusterOf(nodeOf('a', '1'), nodeOf('b', '1'), nodeOf('c', '1'), nodeOf('d', '2'), nodeOf('e', '2'))
  const names = () => cluster.nodes.map(({ name }) => name).join('')
  assert.equal(names(), 'adbec')
  cluster.setNode(nodeOf('c', '3'))
  assert.equal(names(), 'acdbe')
})
