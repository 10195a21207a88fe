import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measured, type PodPlan, podOf, situationOf } from './autoscaler.fixture.ts'
import { groupPods, requestsOf } from './autoscaler-pods.ts'
import { type Counted, replicasByAverage, replicasByShare, replicasByTotal, replicasByUtilization } from './autoscaler-replicas.ts'

const ok: PodPlan = {}
const cpu = { resource: 'cpu', container: '' }

const utilizations: readonly {
  readonly name: string
  readonly pods: readonly PodPlan[]
  readonly used: readonly (number | undefined)[]
  readonly target: number
  readonly current?: number
  /** Replicas and utilization, or why not. */
  readonly wanted: readonly [number, number] | string
}[] = [
  { name: 'twice the target doubles the pods', pods: [ok, ok], used: [100, 100], target: 50, wanted: [4, 100] },
  { name: 'a tenth above the target is near enough', pods: [ok, ok], used: [110, 110], target: 100, wanted: [2, 110] },
  { name: 'a hundredth more is not', pods: [ok, ok], used: [111, 111], target: 100, wanted: [3, 111] },
  { name: 'a tenth below the target is near enough', pods: [ok, ok], used: [90, 90], target: 100, wanted: [2, 90] },
  { name: 'half the target halves the pods', pods: [ok, ok, ok, ok], used: [25, 25, 25, 25], target: 50, wanted: [2, 25] },
  { name: 'nothing used needs no pods', pods: [ok, ok], used: [0, 0], target: 50, wanted: [0, 0] },
  {
    name: 'on the way down a pod without a measurement uses all that it requests',
    pods: [ok, ok, ok],
    used: [20, 20, undefined],
    target: 100,
    wanted: [2, 20],
  },
  {
    name: 'on the way down it uses the target where that is more than it requests',
    pods: [ok, ok, ok, ok],
    used: [100, 100, 100, undefined],
    target: 200,
    wanted: [3, 100],
  },
  {
    name: 'on the way up a pod without a measurement uses nothing',
    pods: [ok, ok, ok],
    used: [100, 100, undefined],
    target: 50,
    wanted: [4, 100],
  },
  {
    name: 'a pod without a measurement that would turn the direction leaves all as it is',
    pods: [ok, ok],
    used: [60, undefined],
    target: 50,
    wanted: [2, 60],
  },
  {
    name: 'on the way up pods that are not ready use nothing',
    pods: [ok, { phase: 'Pending' }],
    used: [100, 100],
    target: 20,
    wanted: [5, 100],
  },
  {
    name: 'on the way down pods that are not ready are as if they were not there',
    pods: [ok, ok, { phase: 'Pending' }],
    used: [10, 10, 100],
    target: 50,
    wanted: [1, 10],
  },
  { name: 'pods that are being deleted do not count', pods: [ok, { deleted: true }], used: [100, 1000], target: 50, wanted: [2, 100] },
  { name: 'failed pods do not count', pods: [ok, { phase: 'Failed' }], used: [100, 1000], target: 50, wanted: [2, 100] },
  {
    name: 'more pods than replicas (a rollout) never scale up on a low measurement',
    pods: [ok, ok, ok, ok],
    used: [40, 40, 40, undefined],
    target: 100,
    current: 1,
    wanted: [1, 40],
  },
  {
    name: 'no pods',
    pods: [],
    used: [],
    target: 50,
    wanted: 'no pods returned by selector while calculating replica count',
  },
  {
    name: 'measurements of other pods alone',
    pods: [{ phase: 'Pending' }],
    used: [undefined, 100],
    target: 50,
    wanted: 'no metrics returned matched known pods',
  },
  {
    name: 'pods, none of them ready',
    pods: [{ phase: 'Pending' }],
    used: [100],
    target: 50,
    wanted: 'did not receive metrics for targeted pods (pods might be unready)',
  },
  {
    name: 'a container without a request',
    pods: [ok, { cpu: undefined }],
    used: [100, 100],
    target: 50,
    wanted: 'missing request for cpu in container app of Pod p1',
  },
]
for (const { name, pods, used, target, current = pods.length, wanted } of utilizations) {
  test(`replicasByUtilization(): ${name}`, () => {
    const counted = replicasByUtilization(measured(...used), target, cpu, situationOf(pods, { current }))
    assert.deepEqual(counted.counted ? [counted.replicas, counted.utilization] : counted.why, wanted)
  })
}

const usages: readonly { readonly name: string; readonly run: () => Counted; readonly wanted: readonly [number, bigint] | string }[] = [
  {
    name: 'replicasByAverage(): the mean of the pods, rounded down',
    run: () => replicasByAverage(measured(1000, 2001), 1000n, '', situationOf([ok, ok])),
    wanted: [3, 1500n],
  },
  {
    name: 'replicasByAverage(): within the tolerance nothing changes',
    run: () => replicasByAverage(measured(1050, 1050), 1000n, '', situationOf([ok, ok])),
    wanted: [2, 1050n],
  },
  {
    name: 'replicasByAverage(): on the way down a pod without a measurement uses the target',
    run: () => replicasByAverage(measured(100, 100, undefined), 1000n, '', situationOf([ok, ok, ok])),
    wanted: [2, 100n],
  },
  {
    name: 'replicasByAverage(): readiness matters for cpu alone',
    run: () => replicasByAverage(measured(2000, 2000), 1000n, 'memory', situationOf([ok, { ready: false, started: 10, changed: 10 }])),
    wanted: [4, 2000n],
  },
  {
    name: 'replicasByAverage(): no pods',
    run: () => replicasByAverage(measured(1), 1000n, '', situationOf([])),
    wanted: 'no pods returned by selector while calculating replica count',
  },
  {
    name: 'replicasByTotal(): of the pods that are ready',
    run: () => replicasByTotal(3000n, 1000n, situationOf([ok, ok, { ready: false }])),
    wanted: [6, 3000n],
  },
  { name: 'replicasByTotal(): within the tolerance', run: () => replicasByTotal(1099n, 1000n, situationOf([ok])), wanted: [1, 1099n] },
  {
    name: 'replicasByTotal(): from nothing to as many as it asks for',
    run: () => replicasByTotal(2500n, 1000n, situationOf([], { current: 0 })),
    wanted: [3, 2500n],
  },
  {
    name: 'replicasByTotal(): no pods where there should be some',
    run: () => replicasByTotal(2500n, 1000n, situationOf([], { current: 2 })),
    wanted: 'unable to calculate ready pods: no pods returned by selector while calculating replica count',
  },
  {
    name: 'replicasByShare(): so much to each pod',
    run: () => replicasByShare(9500n, 1000n, situationOf([ok, ok, ok])),
    wanted: [10, 3167n],
  },
  {
    name: 'replicasByShare(): within the tolerance',
    run: () => replicasByShare(3200n, 1000n, situationOf([ok, ok, ok])),
    wanted: [3, 1067n],
  },
  {
    name: 'replicasByShare(): without pods',
    run: () => replicasByShare(2000n, 1000n, situationOf([], { current: 1 })),
    wanted: [2, 2000n],
  },
  {
    name: 'replicasByTotal(): no more than a scale can hold',
    run: () => replicasByTotal(10n ** 30n, 1n, situationOf([ok])),
    wanted: [2 ** 31 - 1, 10n ** 30n],
  },
]
for (const { name, run, wanted } of usages) {
  test(name, () => {
    const counted = run()
    assert.deepEqual(counted.counted ? [counted.replicas, counted.usage] : counted.why, wanted)
  })
}

const readiness: readonly { readonly name: string; readonly pod: PodPlan; readonly group: 'ready' | 'unready' }[] = [
  { name: 'ready for long', pod: {}, group: 'ready' },
  { name: 'without the condition', pod: { ready: undefined }, group: 'unready' },
  { name: 'young and not ready', pod: { ready: false, started: 60, changed: 60 }, group: 'unready' },
  { name: 'young, and ready for less than a window of the measurement', pod: { started: 60, changed: 30 }, group: 'unready' },
  { name: 'young, and ready for a whole window', pod: { started: 60, changed: 41 }, group: 'ready' },
  { name: 'old and never ready', pod: { ready: false, started: 600, changed: 590 }, group: 'unready' },
  { name: 'old, and ready before it no longer was', pod: { ready: false, started: 600, changed: 500 }, group: 'ready' },
]
for (const { name, pod, group } of readiness) {
  test(`groupPods() counts a pod that is ${name} as ${group}`, () => {
    const { pods, timing } = situationOf([pod])
    const groups = groupPods(pods, measured(10), 'cpu', timing)
    assert.deepEqual([groups.ready, groups.unready.has('p0')], group === 'ready' ? [1, false] : [0, true])
  })
}

test('requestsOf() counts sidecars, omits other init containers, and can count a single container', () => {
  const requests = (cpu: string) => ({ requests: { cpu } })
  const pod = podOf('p0')
  pod.spec.initContainers = [
    { name: 'setup', image: 'i', resources: requests('8') },
    { name: 'proxy', image: 'i', restartPolicy: 'Always', resources: requests('50m') },
  ]
  const of = (container: string) => {
    const found = requestsOf([pod], container, 'cpu')
    return found.known ? found.milli.get('p0') : found.why
  }
  assert.deepEqual([of(''), of('proxy'), of('app')], [150n, 50n, 100n])
})
