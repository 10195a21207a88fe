import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod, PodSpec } from '../../api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../api/types/policy-v1.ts'
import { ClusterState } from '../framework/cluster-state.ts'
import { selectNode } from '../framework/select-node.ts'
import { plugins } from '../plugins/index.ts'
import { type Preemption, planPreemption } from './preemption.ts'

const nodeOf = (name: string, cpu = '2', taints: NonNullable<Node['spec']>['taints'] = []): Node => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name } },
  spec: { taints },
  status: { allocatable: { cpu, pods: '10' } },
})
interface Wish {
  readonly cpu?: string
  readonly started?: number
  readonly labels?: Record<string, string>
  readonly spec?: Partial<PodSpec>
}
const podOf = (name: string, priority: number, { cpu = '1', started = 0, labels = {}, spec = {} }: Wish = {}): Pod => ({
  metadata: { name, uid: name, namespace: 'ns', labels: { app: name, ...labels } },
  spec: { priority, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
  status: { startTime: new Date(started * 1000).toISOString() },
})
const budget = (app: string, disruptionsAllowed: number, disruptedPods: Record<string, string> = {}): PodDisruptionBudget => ({
  metadata: { name: app, namespace: 'ns' },
  spec: { selector: app === '' ? {} : { matchLabels: { app } } },
  status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, disruptedPods },
})

function plan(cluster: ClusterState, pod: Pod, budgets: PodDisruptionBudget[] = []): Preemption {
  const placement = selectNode(pod, cluster, plugins, () => 0)
  assert.ok(!placement.placed, 'the pod fits without preemption')
  return planPreemption({ pod, cluster, plugins, refusals: placement.refusals, budgets, random: () => 0 })
}
const text = (preemption: Preemption): string => {
  if (preemption.found) return `${preemption.node}: ${preemption.victims.map(({ metadata }) => metadata.name).join(' ')}`
  return 'ineligible' in preemption ? preemption.ineligible : preemption.reasons.join(', ')
}

/** Pods by node; each node has two CPUs by default. */
const cases: { name: string; on: Record<string, Pod[]>; pod: Pod; budgets?: PodDisruptionBudget[]; nodes?: Node[]; want: string }[] = [
  { name: 'evicts as few as needed', on: { n1: [podOf('a', 1), podOf('b', 1)] }, pod: podOf('p', 10), want: 'n1: b' },
  {
    name: 'evicts the least important',
    on: { n1: [podOf('a', 1), podOf('b', 5)] },
    pod: podOf('p', 10),
    want: 'n1: a',
  },
  {
    name: 'keeps those that started first',
    on: { n1: [podOf('old', 1, { started: 1 }), podOf('young', 1, { started: 9 })] },
    pod: podOf('p', 10),
    want: 'n1: young',
  },
  {
    name: 'evicts several if one is not enough',
    on: { n1: [podOf('a', 5), podOf('b', 1)] },
    pod: podOf('p', 10, { cpu: '2' }),
    want: 'n1: a b',
  },
  {
    name: 'evicts no pod of the same priority',
    on: { n1: [podOf('a', 10), podOf('b', 10)] },
    pod: podOf('p', 10),
    want: 'No preemption victims found for incoming pod',
  },
  {
    name: 'reports what still prevents placement without them',
    on: { n1: [podOf('a', 10), podOf('b', 1)] },
    pod: podOf('p', 10, { cpu: '2' }),
    want: 'Insufficient cpu',
  },
  {
    name: 'does not help against a taint',
    on: { n1: [podOf('a', 1)] },
    nodes: [nodeOf('n1', '2', [{ key: 'k', effect: 'NoSchedule' }])],
    pod: podOf('p', 10),
    want: 'Preemption is not helpful for scheduling',
  },
  {
    name: 'is not for pods with preemptionPolicy Never',
    on: { n1: [podOf('a', 1), podOf('b', 1)] },
    pod: podOf('p', 10, { spec: { preemptionPolicy: 'Never' } }),
    want: 'not eligible due to preemptionPolicy=Never.',
  },
  {
    name: 'prefers the node whose victims are the least important',
    on: { n1: [podOf('a', 5), podOf('b', 5)], n2: [podOf('c', 5), podOf('d', 1)] },
    pod: podOf('p', 10),
    want: 'n2: d',
  },
  {
    name: 'prefers the node with fewer victims',
    on: {
      n1: [podOf('a', 1, { cpu: '500m' }), podOf('b', 1, { cpu: '500m' }), podOf('c', 20)],
      n2: [podOf('d', 1), podOf('e', 20)],
    },
    pod: podOf('p', 10),
    want: 'n2: d',
  },
  {
    name: 'prefers the node whose victims started last',
    on: { n1: [podOf('a', 1, { started: 1 }), podOf('b', 20)], n2: [podOf('c', 1, { started: 2 }), podOf('d', 20)] },
    pod: podOf('p', 10),
    want: 'n2: c',
  },
  {
    name: 'respects budgets if possible',
    on: { n1: [podOf('a', 1), podOf('b', 5)] },
    budgets: [budget('a', 0)],
    pod: podOf('p', 10),
    want: 'n1: b',
  },
  {
    name: 'violates as few budgets as possible',
    on: { n1: [podOf('a', 1), podOf('b', 20)], n2: [podOf('c', 5), podOf('d', 20)] },
    budgets: [budget('a', 0)],
    pod: podOf('p', 10),
    want: 'n2: c',
  },
  {
    name: 'violates no budget that does not cover the pod, allows it, or already counts it as disrupted',
    on: { n1: [podOf('a', 1), podOf('b', 5)] },
    budgets: [budget('', 0), budget('a', 1), budget('a', 0, { a: '2026-01-01T00:00:00Z' })],
    pod: podOf('p', 10),
    want: 'n1: a',
  },
  {
    name: 'frees host ports',
    on: {
      n1: [podOf('a', 1, { cpu: '0', spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 80 }] }] } })],
    },
    pod: podOf('p', 10, { spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 80 }] }] } }),
    want: 'n1: a',
  },
  {
    name: 'evicts pods whose anti-affinity keeps it away',
    on: {
      n1: [
        podOf('a', 1, {
          spec: {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'p' } } },
                ],
              },
            },
          },
        }),
      ],
    },
    pod: podOf('p', 10),
    want: 'n1: a',
  },
]
for (const { name, on, pod, budgets = [], nodes = Object.keys(on).map(node => nodeOf(node)), want } of cases) {
  test(`planPreemption() ${name}`, () => {
    const cluster = new ClusterState()
    for (const node of nodes) cluster.setNode(node)
    for (const [node, pods] of Object.entries(on)) for (const other of pods) cluster.assume(other, node)
    assert.equal(text(plan(cluster, pod, budgets)), want)
  })
}

function oneNode(...pods: Pod[]): ClusterState {
  const cluster = new ClusterState()
  cluster.setNode(nodeOf('n1'))
  for (const pod of pods) cluster.assume(pod, 'n1')
  return cluster
}

test('planPreemption() waits for victims that end on the nominated node', () => {
  const victim = podOf('a', 1, { cpu: '2' })
  const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }]
  const ending = { ...victim, metadata: { ...victim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { conditions } }
  const pod = podOf('p', 10)
  const cluster = oneNode(ending)
  cluster.nominate(pod, 'n1')
  assert.equal(text(plan(cluster, pod)), 'not eligible due to a terminating pod on the nominated node.')
  cluster.dropNomination(pod)
  assert.equal(text(plan(cluster, pod)), 'n1: a')
})

test('selectNode() uses nothing that is reserved for a pod of the same or higher priority', () => {
  const cluster = oneNode(podOf('a', 1))
  cluster.nominate(podOf('waiting', 10), 'n1')
  const placed = (priority: number) => selectNode(podOf('p', priority), cluster, plugins, () => 0).placed
  assert.equal(placed(5), false)
  assert.equal(placed(10), false)
  assert.equal(placed(11), true)
  assert.equal(selectNode(podOf('waiting', 10), cluster, plugins, () => 0).placed, true)
})

test('selectNode() chooses the nominated node, although another one is emptier', () => {
  const cluster = new ClusterState()
  for (const name of ['n1', 'n2']) cluster.setNode(nodeOf(name))
  cluster.assume(podOf('a', 1), 'n2')
  const pod = podOf('p', 10)
  cluster.nominate(pod, 'n2')
  assert.deepEqual(
    selectNode(pod, cluster, plugins, () => 0),
    { placed: true, node: 'n2', examined: 0 },
  )
  cluster.assume(pod, 'n2')
  assert.equal(cluster.nominationOf(pod), undefined)
})
