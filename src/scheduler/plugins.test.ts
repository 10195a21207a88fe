import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tolerates } from '../api/pods/tolerations.ts'
import type { Node, Pod, PodSpec } from '../api/types/core-v1.ts'
import { podRequests } from './framework/amounts.ts'
import { ClusterState } from './framework/cluster-state.ts'
import type { SchedulerPlugin } from './framework/framework.ts'
import { imageLocality } from './plugins/image-locality.ts'
import { interPodAffinity } from './plugins/inter-pod-affinity.ts'
import { nodeAffinity } from './plugins/node-affinity.ts'
import { nodeName } from './plugins/node-name.ts'
import { nodeResourcesBalancedAllocation } from './plugins/node-resources-balanced-allocation.ts'
import { nodeResourcesFit } from './plugins/node-resources-fit.ts'
import { taintToleration } from './plugins/taint-toleration.ts'

const node = (name: string, more: Partial<Node> = {}): Node => ({
  metadata: { name, labels: { host: name } },
  spec: {},
  status: { allocatable: { cpu: '4', memory: '4Gi', pods: '10' }, ...more.status },
  ...(more.spec === undefined ? {} : { spec: more.spec }),
})
const pod = (spec: Partial<PodSpec>, name = 'p'): Pod => ({
  metadata: { name, uid: name, namespace: 'ns', labels: { app: name } },
  spec: { containers: [], ...spec },
})
const asking = (cpu: string, memory: string) => ({ containers: [{ name: 'c', resources: { requests: { cpu, memory } } }] })

function run(plugin: SchedulerPlugin, of: Pod, nodes: Node[], placed: [Pod, string][] = []) {
  const cluster = new ClusterState()
  for (const each of nodes) cluster.setNode(each)
  for (const [other, name] of placed) cluster.assume(other, name)
  const rules = plugin.prepare(of, cluster)
  const scores = rules?.scores?.(cluster.nodes)
  return { fits: cluster.nodes.map(info => rules?.filter?.(info).fits ?? true), scores }
}

test('NodeName accepts only the node that the pod names', () => {
  assert.deepEqual(run(nodeName, pod({ nodeName: 'b' }), [node('a'), node('b')]).fits, [false, true])
})

test('TaintToleration prefers nodes with fewer taints that the pod does not tolerate', () => {
  const tainted = node('a', { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } })
  assert.deepEqual(run(taintToleration, pod({}), [tainted, node('b')]), { fits: [true, true], scores: [0, 100] })
  const tolerant = pod({ tolerations: [{ key: 'k', operator: 'Exists' }] })
  assert.deepEqual(run(taintToleration, tolerant, [tainted, node('b')]).scores, [100, 100])
})

test('NodeAffinity requires and prefers by expressions and by the node field', () => {
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }] }
  const preferredTerm = { weight: 5, preference: { matchExpressions: [{ key: 'host', operator: 'NotIn', values: ['a'] }] } }
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: required,
      preferredDuringSchedulingIgnoredDuringExecution: [preferredTerm],
    },
  }
  assert.deepEqual(run(nodeAffinity, pod({ affinity }), [node('a'), node('b')]), { fits: [false, true], scores: [0, 100] })
})

test('NodeResourcesFit prefers the least used node', () => {
  const { scores } = run(nodeResourcesFit, pod(asking('1', '1Gi')), [node('a'), node('b')], [[pod(asking('2', '2Gi'), 'other'), 'a']])
  assert.deepEqual(scores, [25, 75])
})

test('NodeResourcesBalancedAllocation prefers equal shares of cpu and memory', () => {
  const { scores } = run(
    nodeResourcesBalancedAllocation,
    pod(asking('1', '1Gi')),
    [node('a'), node('b')],
    [[pod(asking('2', '0'), 'other'), 'a']],
  )
  assert.deepEqual(scores, [75, 100])
})

test('NodeResourcesBalancedAllocation counts real requests, not the default ones, and skips pods without requests', () => {
  const placed: [Pod, string][] = [[pod({ containers: [{ name: 'c' }] }, 'other'), 'a']]
  const nodes = [node('a', { status: { allocatable: { cpu: '4', memory: '1Gi', pods: '10' } } }), node('b')]
  assert.deepEqual(run(nodeResourcesBalancedAllocation, pod(asking('1', '256Mi')), nodes, placed).scores, [100, 90])
  assert.equal(run(nodeResourcesBalancedAllocation, pod(asking('0', '0')), nodes, placed).scores, undefined)
})

test('ImageLocality prefers the node that has the image', () => {
  const having = node('a', { status: { images: [{ names: ['busybox:latest'], sizeBytes: 2000 * 1024 * 1024 }] } })
  const { scores } = run(imageLocality, pod({ containers: [{ name: 'c', image: 'busybox' }] }), [having, node('b')])
  assert.deepEqual(scores, [100, 0])
})

test('InterPodAffinity refuses nodes whose pods have anti-affinity to the pod', () => {
  const term = { topologyKey: 'host', labelSelector: { matchLabels: { app: 'p' } } }
  const refusing = pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }, 'guard')
  assert.deepEqual(run(interPodAffinity, pod({}), [node('a'), node('b')], [[refusing, 'a']]).fits, [false, true])
})

test('podRequests() takes the largest of init containers and adds sidecars and overhead', () => {
  const resources = (cpu: string) => ({ resources: { requests: { cpu } } })
  const of = pod({
    containers: [{ name: 'a', ...resources('500m') }],
    initContainers: [
      { name: 'sidecar', restartPolicy: 'Always', ...resources('100m') },
      { name: 'setup', ...resources('2') },
    ],
    overhead: { cpu: '50m' },
  })
  assert.equal(podRequests(of).get('cpu'), 2150)
})

const tolerations: [string, Parameters<typeof tolerates>[0], boolean][] = [
  ['everything', { operator: 'Exists' }, true],
  ['equal value', { key: 'k', value: 'v' }, true],
  ['another value', { key: 'k', value: 'x' }, false],
  ['another effect', { key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
  ['no key, no operator', { value: 'v' }, false],
]
for (const [name, toleration, want] of tolerations) {
  test(`tolerates(): ${name}`, () => assert.equal(tolerates(toleration, { key: 'k', value: 'v', effect: 'NoSchedule' }), want))
}
