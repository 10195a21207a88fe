import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod, Taint, Toleration } from '../../api/types/core-v1.ts'
import { events, nodes, pods } from '../../client/resources.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { startScenario } from '../scenario.testing.ts'
import { defaultSettings } from '../settings.ts'
import { planEviction } from './eviction-plan.ts'
import { planTaints, unknownConditions } from './node-health.ts'
import { nodeLifecycle } from './node-lifecycle.ts'
import { planFinished } from './pod-garbage.ts'
import { taintEviction } from './taint-eviction.ts'
import { TaintSightings } from './taint-sightings.ts'

const now = Date.UTC(2026, 0, 1)
const node = (ready: 'True' | 'False' | 'Unknown' | undefined, taints: Taint[] = [], unschedulable = false): Node => ({
  metadata: { name: 'n1' },
  spec: { taints, unschedulable },
  status: { conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready }] },
})
const taint = (key: string, effect: 'NoSchedule' | 'NoExecute'): Taint => ({ key, effect })
const short = (taints: Taint[] | undefined) => taints?.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`)

/** The timestamped taints. */
const ageAt =
  (at: number) =>
  ({ timeAdded = '' }: Taint): number =>
    at - Date.parse(timeAdded)

const rows: { name: string; node: Node; want: string[] | undefined }[] = [
  { name: 'ready, nothing to do', node: node('True'), want: undefined },
  { name: 'ready, loses the first taint', node: node('True', [taint('node.kubernetes.io/not-ready', 'NoSchedule')]), want: [] },
  { name: 'never reported', node: node(undefined), want: ['not-ready:NoSchedule'] },
  { name: 'not ready', node: node('False'), want: ['not-ready:NoSchedule', 'not-ready:NoExecute'] },
  { name: 'unreachable', node: node('Unknown'), want: ['unreachable:NoSchedule', 'unreachable:NoExecute'] },
  { name: 'cordoned', node: node('True', [taint('own', 'NoExecute')], true), want: ['own:NoExecute', 'unschedulable:NoSchedule'] },
]
for (const row of rows) test(`planTaints(): ${row.name}`, () => assert.deepEqual(short(planTaints(row.node, now, true)), row.want))

test('planTaints() evicts nothing while no node is ready', () => {
  assert.deepEqual(short(planTaints(node('Unknown'), now, false)), ['unreachable:NoSchedule'])
  const tainted = [taint('node.kubernetes.io/unreachable', 'NoSchedule'), taint('node.kubernetes.io/unreachable', 'NoExecute')]
  assert.deepEqual(short(planTaints(node('Unknown', tainted), now, false)), ['unreachable:NoSchedule'])
})

test('unknownConditions() distinguishes a node that never reported', () => {
  const conditions = unknownConditions(node('True'), now)
  assert.deepEqual(
    conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    [
      'Ready Unknown NodeStatusUnknown',
      'MemoryPressure Unknown NodeStatusNeverUpdated',
      'DiskPressure Unknown NodeStatusNeverUpdated',
      'PIDPressure Unknown NodeStatusNeverUpdated',
    ],
  )
})

const evictions: [string, Toleration[], number | undefined][] = [
  ['no toleration', [], 0],
  ['for ever', [{ operator: 'Exists' }], undefined],
  ['for 300 s since the taint', [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }], 200_000],
  ['for a time that is over', [{ key: 'k', operator: 'Exists', tolerationSeconds: 60 }], 0],
  ['of another key', [{ key: 'other', operator: 'Exists' }], 0],
]
for (const [name, tolerations, want] of evictions) {
  test(`planEviction(): ${name}`, () => {
    const taints: Taint[] = [{ key: 'k', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }]
    assert.equal(planEviction({ metadata: {}, spec: { containers: [], tolerations } }, taints, now + 100_000, ageAt(now + 100_000)), want)
  })
}

test('planEviction() counts from the creation of a pod that is newer than the taint', () => {
  const taints: Taint[] = [{ key: 'k', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }]
  const spec = { containers: [], tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 300 }] }
  const created = { creationTimestamp: '2026-01-01T01:00:00Z' }
  const later = Date.parse('2026-01-01T01:01:00Z')
  assert.equal(planEviction({ metadata: created, spec }, taints, later, ageAt(later)), 240_000)
  const conditions = [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T01:00:30Z' }]
  assert.equal(planEviction({ metadata: created, spec, status: { conditions } }, taints, later, ageAt(later)), 270_000)
  // The clock was set back after the pod's creation: the taint's own age counts.
  const back = Date.parse('2025-01-01T00:00:00Z')
  assert.equal(
    planEviction({ metadata: created, spec, status: { conditions } }, taints, back, () => 100_000),
    200_000,
  )
})

test('planFinished() returns the oldest above the threshold', () => {
  const finished = ['2026-01-03', '2026-01-01', '2026-01-02'].map(
    (day): Pod => ({ metadata: { name: day, creationTimestamp: `${day}T00:00:00Z` }, spec: { containers: [] } }),
  )
  assert.deepEqual(
    planFinished(finished, 1).map(({ metadata }) => metadata.name),
    ['2026-01-01', '2026-01-02'],
  )
})

test('nodeLifecycle sets a silent node to Unknown, and taintEviction removes its pods', async () => {
  let now = Date.now()
  await using scenario = startScenario({
    controllers: [nodeLifecycle, taintEviction],
    settings: {
      nodeMonitorGraceMs: 30,
      nodeMonitorPeriodMs: 5,
      evictionRates: { ...defaultSettings.evictionRates, nodeEvictionRate: 1000 },
    },
    now: () => now,
  })
  const { api } = scenario
  api.seed(nodes, {
    metadata: { name: 'n1' },
    spec: { taints: [taint('node.kubernetes.io/not-ready', 'NoSchedule')] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })
  api.seed(pods, {
    metadata: { name: 'p', namespace: 'ns' },
    spec: { nodeName: 'n1', containers: [], tolerations: [{ operator: 'Exists', tolerationSeconds: 0 }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  })
  api.seed(nodes, { metadata: { name: 'n2' }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  await scenario.until(() => (api.read(nodes, '', 'n1')?.spec?.taints ?? []).length === 0, 'first taint removed')
  now += 1000
  const condition = (name: string) => api.read(nodes, '', name)?.status?.conditions?.[0]?.status
  const taintsOf = (name: string) => short(api.read(nodes, '', name)?.spec?.taints ?? []) ?? []
  await scenario.until(() => condition('n1') === 'Unknown' && condition('n2') === 'Unknown', 'unknown')
  await scenario.until(() => taintsOf('n1').length > 0 && taintsOf('n2').length > 0, 'tainted')
  assert.deepEqual([...taintsOf('n1'), ...taintsOf('n2')], ['unreachable:NoSchedule', 'unreachable:NoSchedule'])
  assert.equal(api.read(pods, 'ns', 'p')?.metadata.deletionTimestamp, undefined)
  api.change(nodes, '', 'n2', ({ status }) => {
    const [ready] = status?.conditions ?? []
    if (ready !== undefined) Object.assign(ready, { status: 'True', lastHeartbeatTime: new Date(now).toISOString() })
  })
  await scenario.until(() => api.read(nodes, '', 'n2')?.spec?.taints?.length === 0, 'n2 is ready again')
  now += 10
  await scenario.until(() => taintsOf('n1').includes('unreachable:NoExecute'), 'tainted, now that pods can go elsewhere')
  await scenario.until(() => api.read(pods, 'ns', 'p')?.metadata.deletionTimestamp !== undefined, 'evicted')
})

test('TaintSightings takes the age of a taint from its time once, and continues by the monotonic clock', () => {
  const clock = new FakeClock(now)
  const sightings = new TaintSightings(clock)
  const timed: Taint = { key: 'k', effect: 'NoExecute', timeAdded: new Date(now - 60_000).toISOString() }
  const early: Taint = { key: 'e', effect: 'NoExecute', timeAdded: new Date(now + 60_000).toISOString() }
  const untimed: Taint = { key: 'u', effect: 'NoExecute' }
  const tainted = { metadata: { name: 'n1' }, spec: { taints: [timed, early, untimed] } }
  const ages = () => tainted.spec.taints.map(one => sightings.age('n1', one))
  sightings.note(tainted)
  assert.deepEqual(ages(), [60_000, 0, 0])
  clock.set(3_600_000)
  sightings.note(tainted)
  assert.deepEqual(ages(), [60_000, 0, 0])
  clock.set(-7_200_000)
  assert.deepEqual(ages(), [60_000, 0, 0])
})

test('nodeLifecycle and taintEviction see no silence and no passed time when the clock is set forward, and notice a silence when it was set back', async () => {
  let wall = Date.now()
  let monotonic = 0
  await using scenario = startScenario({
    controllers: [nodeLifecycle, taintEviction],
    settings: { nodeMonitorGraceMs: 40_000, nodeMonitorPeriodMs: 5 },
    now: () => wall,
    monotonic: () => monotonic,
  })
  const { api } = scenario
  const ready = (name: string) => ({ metadata: { name }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  api.seed(nodes, { ...ready('n1'), spec: { taints: [{ key: 'k', effect: 'NoExecute', timeAdded: new Date(wall).toISOString() }] } })
  const tolerations = [{ key: 'k', operator: 'Exists', tolerationSeconds: 300 }]
  api.seed(pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { nodeName: 'n1', containers: [], tolerations } })
  // An immediate eviction shows that those before it were processed.
  const isEvicted = (name: string) => api.read(pods, 'ns', name)?.metadata.deletionTimestamp !== undefined
  const seedPod = (name: string) => api.seed(pods, { metadata: { name, namespace: 'ns' }, spec: { nodeName: 'n1', containers: [] } })
  seedPod('first')
  await scenario.until(() => isEvicted('first'), 'the first is evicted')
  wall += 3_600_000
  api.change(pods, 'ns', 'p', ({ metadata }) => Object.assign(metadata, { labels: { looked: 'again' } }))
  seedPod('second')
  api.change(nodes, '', 'n1', ({ spec }) => Object.assign(spec ?? {}, { unschedulable: true }))
  await scenario.until(() => isEvicted('second'), 'the second is evicted')
  await scenario.until(() => api.read(nodes, '', 'n1')?.spec?.taints?.length === 2, 'tainted as unschedulable')
  assert.equal(api.read(nodes, '', 'n1')?.status?.conditions?.[0]?.status, 'True')
  assert.ok(!isEvicted('p'))
  wall -= 86_400_000
  monotonic += 300_000
  api.change(nodes, '', 'n1', ({ metadata }) => Object.assign(metadata, { labels: { looked: 'once more' } }))
  api.change(pods, 'ns', 'p', ({ metadata }) => Object.assign(metadata, { labels: { looked: 'once more' } }))
  await scenario.until(() => api.read(nodes, '', 'n1')?.status?.conditions?.[0]?.status === 'Unknown', 'unknown')
  await scenario.until(() => isEvicted('p'), 'evicted')
})

test('nodeLifecycle evicts nothing in a small zone that is mostly down, and continues when more of it is back', async () => {
  let now = Date.now()
  await using scenario = startScenario({
    controllers: [nodeLifecycle],
    settings: {
      nodeMonitorGraceMs: 1_000_000,
      nodeMonitorPeriodMs: 5,
      evictionRates: { ...defaultSettings.evictionRates, nodeEvictionRate: 1000 },
    },
    now: () => now,
  })
  const { api } = scenario
  const names = ['n1', 'n2', 'n3', 'n4', 'n5']
  for (const [index, name] of names.entries()) {
    api.seed(nodes, { metadata: { name }, spec: {}, status: { conditions: [{ type: 'Ready', status: index < 3 ? 'Unknown' : 'True' }] } })
  }
  const tainted = (effect: string) =>
    names.filter(name => api.read(nodes, '', name)?.spec?.taints?.some(taint => taint.effect === effect) === true).length
  await scenario.until(() => tainted('NoSchedule') === 3, 'no new pods')
  // Each pass over an unready node marks its pods as not ready, which makes passes visible.
  const spec = (nodeName: string) => ({ nodeName, containers: [] })
  for (const name of names.slice(0, 3)) api.seed(pods, { metadata: { name, namespace: 'ns' }, spec: spec(name), status: {} })
  for (let pass = 0; pass < 4; pass++) {
    now += 1000
    for (const name of names.slice(0, 3)) {
      api.change(pods, 'ns', name, pod => {
        pod.status = { conditions: [{ type: 'Ready', status: 'True' }] }
      })
      await scenario.until(() => api.read(pods, 'ns', name)?.status?.conditions?.[0]?.status === 'False', `a pass over ${name}`)
    }
    assert.equal(tainted('NoExecute'), 0)
  }
  api.change(nodes, '', 'n3', ({ status }) => {
    const [ready] = status?.conditions ?? []
    if (ready !== undefined) ready.status = 'True'
  })
  await scenario.until(() => {
    now += 10
    return tainted('NoExecute') === 2
  }, 'the other two are evicted')
})

test('nodeLifecycle leaves later pod statuses to a node that is alive but not ready', async () => {
  await using scenario = startScenario({
    controllers: [nodeLifecycle],
    settings: { nodeMonitorGraceMs: 1_000_000, nodeMonitorPeriodMs: 5 },
  })
  const { api } = scenario
  const condition = { type: 'Ready', status: 'True' }
  const seedPod = (name: string) =>
    api.seed(pods, {
      metadata: { name, namespace: 'ns', uid: name },
      spec: { nodeName: 'n1', containers: [] },
      status: { conditions: [{ ...condition }] },
    })
  const ready = (name: string) => api.read(pods, 'ns', name)?.status?.conditions?.[0]?.status
  seedPod('p')
  api.seed(nodes, { metadata: { name: 'n1' }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'False' }] } })
  await scenario.until(() => ready('p') === 'False', 'the pod is called not ready')
  const said = () => api.all(events).find(({ reason }) => reason === 'NodeNotReady')
  await scenario.until(() => said() !== undefined, 'the event')
  assert.deepEqual(
    [said()?.involvedObject.kind, said()?.involvedObject.name, said()?.type, said()?.message],
    ['Pod', 'p', 'Warning', 'Node is not ready'],
  )
  api.change(pods, 'ns', 'p', ({ status }) => Object.assign(status ?? {}, { conditions: [{ ...condition }] }))
  // Later passes are visible by another pod.
  for (const name of ['q', 'r']) {
    seedPod(name)
    await scenario.until(() => ready(name) === 'False', `a pass that sees ${name}`)
  }
  assert.equal(ready('p'), 'True')
  // Once the node falls silent, it no longer reports for its pods.
  api.change(nodes, '', 'n1', ({ status }) => Object.assign(status ?? {}, { conditions: [{ type: 'Ready', status: 'Unknown' }] }))
  await scenario.until(() => ready('p') === 'False', 'the pod is called not ready again')
})

test('nodeLifecycle marks no pod that has replaced a pod of the silent node under its name', async () => {
  await using scenario = startScenario({
    controllers: [nodeLifecycle],
    settings: { nodeMonitorGraceMs: 1_000_000, nodeMonitorPeriodMs: 5 },
  })
  const { api } = scenario
  const seedPod = (name: string, nodeName: string) =>
    api.seed(pods, {
      metadata: { name, namespace: 'ns' },
      spec: { nodeName, containers: [] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    })
  const ready = (name: string) => api.read(pods, 'ns', name)?.status?.conditions?.[0]?.status
  let replaced = false
  api.refuse = ({ path }) => {
    if (replaced || !path.endsWith('/pods/web-0/status')) return
    replaced = true
    api.remove(pods, 'ns', 'web-0')
    seedPod('web-0', 'n2')
  }
  seedPod('web-0', 'n1')
  seedPod('web-1', 'n1')
  api.seed(nodes, { metadata: { name: 'n1' }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
  await scenario.until(() => replaced && ready('web-1') === 'False', 'the pod that is still there is marked')
  assert.equal(ready('web-0'), 'True')
})

test('nodeLifecycle reports nodes that are added and removed', async () => {
  await using scenario = startScenario({ controllers: [nodeLifecycle] })
  const { api } = scenario
  const said = (message: string) => () => api.all(events).some(event => event.message === message)
  api.seed(nodes, { metadata: { name: 'n1' }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  await scenario.until(said('Node n1 event: Registered Node n1 in Controller'), 'it comes')
  api.remove(nodes, '', 'n1')
  await scenario.until(said('Node n1 event: Removing Node n1 from Controller'), 'it goes')
})

test('TaintSightings: a taint without a time counts from its first sight, and starts over when it is added again', () => {
  const own: Taint = { key: 'k', value: 'v', effect: 'NoExecute' }
  const node: Node = { metadata: { name: 'n1' }, spec: { taints: [own] } }
  let time = 1000
  const sightings = new TaintSightings({ now: () => time, monotonic: () => time })
  sightings.note(node)
  time = 5000
  sightings.note(node)
  assert.equal(sightings.age('n1', own), 4000)
  sightings.note({ ...node, spec: {} })
  time = 7000
  sightings.note(node)
  time = 8000
  assert.equal(sightings.age('n1', own), 1000)
  sightings.drop('n1')
  assert.equal(sightings.age('n1', own), 0)
})

test('taintEviction evicts a pod when its toleration time is over, however often it is processed meanwhile', async () => {
  let now = Date.now()
  await using scenario = startScenario({ controllers: [taintEviction], now: () => now })
  const { api } = scenario
  const podOf = (name: string, tolerationSeconds?: number): Pod => ({
    metadata: { name, namespace: 'ns' },
    spec: {
      nodeName: 'n1',
      containers: [],
      tolerations: [{ operator: 'Exists', ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }) }],
    },
  })
  api.seed(nodes, { metadata: { name: 'n1' }, spec: { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] } })
  api.seed(pods, podOf('p', 100))
  api.seed(pods, podOf('stays'))
  const isGone = (name: string) => api.read(pods, 'ns', name)?.metadata.deletionTimestamp !== undefined
  await scenario.until(() => {
    now += 1000
    api.change(pods, 'ns', 'p', pod => {
      pod.metadata.labels = { at: String(now) }
    })
    return isGone('p')
  }, 'the eviction')
  assert.equal(isGone('stays'), false)
})

test('taintEviction reports a cancelled eviction when the pod or the taint is gone', async () => {
  await using scenario = startScenario({ controllers: [taintEviction] })
  const { api } = scenario
  const podOf = (name: string, tolerations: Toleration[] = []): Pod => ({
    metadata: { name, namespace: 'ns' },
    spec: { nodeName: 'n1', containers: [], tolerations },
  })
  api.seed(nodes, { metadata: { name: 'n1' }, spec: { taints: [taint('k', 'NoExecute')] } })
  for (const name of ['a', 'b']) api.seed(pods, podOf(name, [{ operator: 'Exists', tolerationSeconds: 1000 }]))
  // Processed after the others: once it is pending, they wait.
  api.seed(pods, podOf('c'))
  await scenario.until(() => api.read(pods, 'ns', 'c')?.metadata.deletionTimestamp !== undefined, 'the pod that tolerates nothing')
  const said = () =>
    api
      .all(events)
      .map(({ message }) => message)
      .filter(message => message?.startsWith('Cancelling'))
  api.remove(pods, 'ns', 'a')
  await scenario.until(() => said().length === 1, 'the event of the pod')
  api.change(nodes, '', 'n1', object => {
    object.spec = {}
  })
  await scenario.until(() => said().length === 2, 'the event of the taint')
  assert.deepEqual(said(), ['Cancelling deletion of Pod ns/a', 'Cancelling deletion of Pod ns/b'])
})
