import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DaemonSet } from '../../api/types/apps-v1.ts'
import type { Node, Pod, PodSpec } from '../../api/types/core-v1.ts'
import { daemonPod, fitNode, targetNode } from './daemon-node.ts'
import { planNodes, planStatus, planUpdate } from './daemon-plan.ts'

const now = Date.UTC(2026, 0, 1)
const setOf = (spec: Partial<DaemonSet['spec']> = {}, pod: Partial<PodSpec> = {}): DaemonSet => ({
  metadata: { name: 'd', namespace: 'ns', uid: 'set' },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [], ...pod } },
    ...spec,
  },
})
const nodeOf = (name: string, spec: Node['spec'] = {}, labels: Record<string, string> = {}): Node => ({ metadata: { name, labels }, spec })
const taint = (effect: string, key = 'k') => ({ taints: [{ key, effect }] })

const fits: readonly { name: string; pod?: Partial<PodSpec>; node: Node; run: boolean; stay: boolean }[] = [
  { name: 'a plain node', node: nodeOf('n'), run: true, stay: true },
  { name: 'a cordoned node', node: nodeOf('n', taint('NoSchedule', 'node.kubernetes.io/unschedulable')), run: true, stay: true },
  { name: 'a node that is not ready', node: nodeOf('n', taint('NoExecute', 'node.kubernetes.io/not-ready')), run: true, stay: true },
  { name: 'a NoSchedule taint', node: nodeOf('n', taint('NoSchedule')), run: false, stay: true },
  { name: 'a NoExecute taint', node: nodeOf('n', taint('NoExecute')), run: false, stay: false },
  {
    name: 'a taint it tolerates',
    pod: { tolerations: [{ operator: 'Exists' }] },
    node: nodeOf('n', taint('NoExecute')),
    run: true,
    stay: true,
  },
  { name: 'another node by name', pod: { nodeName: 'm' }, node: nodeOf('n'), run: false, stay: false },
  { name: 'labels it does not select', pod: { nodeSelector: { disk: 'ssd' } }, node: nodeOf('n'), run: false, stay: false },
  { name: 'labels it selects', pod: { nodeSelector: { disk: 'ssd' } }, node: nodeOf('n', {}, { disk: 'ssd' }), run: true, stay: true },
  {
    name: 'an affinity it does not meet',
    pod: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] },
        },
      },
    },
    node: nodeOf('n'),
    run: false,
    stay: false,
  },
]
for (const { name, pod = {}, node, run, stay } of fits) {
  test(`fitNode() of ${name}`, () => assert.deepEqual(fitNode(setOf({}, pod), node), { shouldRun: run, shouldStay: stay }))
}

type Shape = { node: string; hash?: string; ready?: boolean; phase?: string }
function podOf(set: DaemonSet, name: string, { node, hash = 'new', ready = true, phase = 'Running' }: Shape): Pod {
  const pod = daemonPod(set, node, hash)
  const conditions = ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(now - 60_000).toISOString() }] : []
  return { ...pod, metadata: { ...pod.metadata, name, uid: name }, spec: { ...pod.spec, nodeName: node }, status: { phase, conditions } }
}
const view = (set: DaemonSet, nodes: readonly Node[], shapes: Readonly<Record<string, Shape>>) => ({
  set,
  hash: 'new',
  nodes,
  now,
  pods: Object.entries(shapes).map(([name, shape]) => podOf(set, name, shape)),
})
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name).sort()
const old = (node: string, ready = true): Shape => ({ node, hash: 'old', ready })
const rolling = (rollingUpdate: { maxUnavailable?: number | string; maxSurge?: number | string }) =>
  setOf({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } })
const three = [nodeOf('a'), nodeOf('b'), nodeOf('c')]

const nodePlans: readonly {
  name: string
  nodes?: readonly Node[]
  pods: Readonly<Record<string, Shape>>
  create: string[]
  remove: string[]
}[] = [
  { name: 'makes one for each node without', pods: { p: { node: 'b' } }, create: ['a', 'c'], remove: [] },
  {
    name: 'removes a second pod',
    pods: { p: { node: 'a' }, q: { node: 'a' }, r: { node: 'b' }, s: { node: 'c' } },
    create: [],
    remove: ['q'],
  },
  {
    name: 'replaces one that failed',
    pods: { p: { node: 'a', phase: 'Failed' }, r: { node: 'b' }, s: { node: 'c' } },
    create: [],
    remove: ['p'],
  },
  { name: 'ends those that may not stay', nodes: [nodeOf('a', taint('NoExecute'))], pods: { p: { node: 'a' } }, create: [], remove: ['p'] },
]
for (const { name, nodes = three, pods, create, remove } of nodePlans) {
  test(`planNodes() ${name}`, () => {
    const plan = planNodes(view(setOf(), nodes, pods))
    assert.deepEqual([plan.create, names(plan.remove)], [create, remove])
  })
}

test('planNodes() of a surging set creates a pod at once while the last one terminates', () => {
  const ending = (set: DaemonSet) => {
    const found = view(set, three, { p: { node: 'a' }, q: { node: 'b' }, r: { node: 'c' } })
    for (const pod of found.pods) if (pod.metadata.name === 'q') pod.metadata.deletionTimestamp = new Date(now).toISOString()
    return planNodes(found)
  }
  assert.deepEqual(ending(rolling({ maxSurge: 1, maxUnavailable: 0 })), { create: ['b'], remove: [] })
  assert.deepEqual(ending(rolling({})), { create: [], remove: [] })
})

test('planNodes() deletes a pod that waits for a deleted node', () => {
  const set = setOf()
  const pod = daemonPod(set, 'gone', 'new')
  assert.equal(planNodes({ set, hash: 'new', nodes: three, pods: [pod], now }).remove.length, 1)
  assert.equal(targetNode(pod), 'gone')
})

const closedA = [nodeOf('a', taint('NoSchedule')), nodeOf('b'), nodeOf('c')]
const updates: readonly {
  name: string
  set: DaemonSet
  nodes?: readonly Node[]
  pods: Readonly<Record<string, Shape>>
  create: string[]
  remove: string[]
}[] = [
  {
    name: 'ends an old one on a node that takes no new one',
    set: rolling({}),
    nodes: closedA,
    pods: { p: old('a'), q: { node: 'b' }, r: { node: 'c' } },
    create: [],
    remove: ['p'],
  },
  {
    name: 'that surges leaves an old one on such a node while others do not serve in its place',
    set: rolling({ maxSurge: 1, maxUnavailable: 0 }),
    nodes: closedA,
    pods: { p: old('a'), q: { node: 'b' }, r: { node: 'c', ready: false } },
    create: [],
    remove: [],
  },
  {
    name: 'that surges ends it once they do',
    set: rolling({ maxSurge: 1, maxUnavailable: 0 }),
    nodes: closedA,
    pods: { p: old('a'), q: { node: 'b' }, r: { node: 'c' } },
    create: [],
    remove: ['p'],
  },
  {
    name: 'that surges ends one there that serves nobody',
    set: rolling({ maxSurge: 1, maxUnavailable: 0 }),
    nodes: closedA,
    pods: { p: old('a', false), q: { node: 'b' }, r: { node: 'c', ready: false } },
    create: [],
    remove: ['p'],
  },
  { name: 'replaces one at a time', set: rolling({}), pods: { p: old('a'), q: old('b'), r: old('c') }, create: [], remove: ['p'] },
  {
    name: 'waits for the new one',
    set: rolling({}),
    pods: { p: { node: 'a', ready: false }, q: old('b'), r: old('c') },
    create: [],
    remove: [],
  },
  {
    name: 'replaces what is down in any case',
    set: rolling({}),
    pods: { p: old('a', false), q: old('b'), r: old('c') },
    create: [],
    remove: ['p'],
  },
  {
    name: 'takes a percentage',
    set: rolling({ maxUnavailable: '50%' }),
    pods: { p: old('a'), q: old('b'), r: old('c') },
    create: [],
    remove: ['p', 'q'],
  },
  {
    name: 'surges',
    set: rolling({ maxSurge: 1, maxUnavailable: 0 }),
    pods: { p: old('a'), q: old('b'), r: old('c') },
    create: ['a'],
    remove: [],
  },
  {
    name: 'ends the old one when the surged one is available',
    set: rolling({ maxSurge: 1, maxUnavailable: 0 }),
    pods: { p: old('a'), n: { node: 'a' }, q: { node: 'b' }, r: { node: 'c' } },
    create: [],
    remove: ['p'],
  },
]
for (const { name, set, nodes = three, pods, create, remove } of updates) {
  test(`planUpdate() ${name}`, () => {
    const plan = planUpdate(view(set, nodes, pods))
    assert.deepEqual([plan.create, names(plan.remove)], [create, remove])
  })
}

test('planStatus() uses the oldest pod of a node', () => {
  const pods = { p: { node: 'a', hash: 'old', ready: false }, q: { node: 'a' } }
  const status = planStatus(view(setOf(), [nodeOf('a')], pods), undefined, 1)
  assert.deepEqual([status.numberReady, status.updatedNumberScheduled, status.currentNumberScheduled], [0, 0, 1])
})

test('planStatus() counts nodes, not pods', () => {
  const nodes = [...three, nodeOf('tainted', taint('NoSchedule'))]
  const pods = { p: { node: 'a' }, q: { node: 'a', hash: 'old' }, r: { node: 'b', ready: false }, t: { node: 'tainted' } }
  assert.deepEqual(planStatus(view(setOf(), nodes, pods), undefined, 4), {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    numberReady: 1,
    numberAvailable: 1,
    updatedNumberScheduled: 2,
    numberUnavailable: 2,
    observedGeneration: 4,
  })
})
