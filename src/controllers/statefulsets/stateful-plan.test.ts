import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatefulSet, StatefulSetSpec } from '../../api/types/apps-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { OwnerReference } from '../../api/types/meta-v1.ts'
import { templateOf } from '../controller-revision.ts'
import { planStatefulSet, planStatus, type StatefulPlan } from './stateful-plan.ts'
import { claimOwners, claimsOf, ordinalOf, statefulPod } from './stateful-pod.ts'

const now = Date.UTC(2026, 0, 1)
const setOf = (spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  metadata: { name: 'db', namespace: 'ns', uid: 'set' },
  spec: { replicas: 3, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: { spec: { containers: [] } }, ...spec },
})

type State = 'up' | 'new' | 'pending' | 'ending' | 'failed' | 'failing'
/** `up` is of the old revision, `new` of the new one. */
function podOf(set: StatefulSet, ordinal: number, state: State): Pod {
  const pod = statefulPod(set, set.spec.template, state === 'new' ? 'new' : 'old', ordinal)
  const phase = state === 'pending' ? 'Pending' : state === 'failed' || state === 'failing' ? 'Failed' : 'Running'
  const ready = state === 'up' || state === 'new' || state === 'ending'
  const conditions = ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(now - 10_000).toISOString() }] : []
  const ending = state === 'ending' || state === 'failing' ? { deletionTimestamp: new Date(now).toISOString() } : {}
  return { ...pod, metadata: { ...pod.metadata, ...ending, uid: `uid-${ordinal}` }, status: { phase, conditions } }
}
const words = (plan: StatefulPlan) =>
  [plan.replicas, plan.owners, plan.condemned, plan.update].flat().map(({ step, ordinal }) => `${step} ${ordinal}`)
/** The created and deleted pods. */
const text = (plan: StatefulPlan) => words(plan).filter(word => /^(create|delete)/.test(word))

const plans: readonly {
  name: string
  spec?: Partial<StatefulSetSpec>
  pods: Readonly<Record<number, State>>
  update?: string
  steps: readonly string[]
}[] = [
  { name: 'creates the first alone', pods: {}, steps: ['create 0'] },
  { name: 'creates the next when the one before serves', pods: { 0: 'up' }, steps: ['create 1'] },
  {
    name: 'creates nothing after one that failed and ends',
    pods: { 0: 'failing', 1: 'up' },
    steps: [],
  },
  { name: 'waits for one that is not ready', pods: { 0: 'pending' }, steps: [] },
  { name: 'waits for minReadySeconds', spec: { minReadySeconds: 60 }, pods: { 0: 'up' }, steps: [] },
  { name: 'waits for one that ends', pods: { 0: 'up', 1: 'ending' }, steps: [] },
  { name: 'replaces one that failed', pods: { 0: 'failed', 1: 'up', 2: 'up' }, steps: ['delete 0'] },
  { name: 'creates all side by side', spec: { podManagementPolicy: 'Parallel' }, pods: { 1: 'pending' }, steps: ['create 0', 'create 2'] },
  { name: 'scales down from the top, one at a time', spec: { replicas: 1 }, pods: { 0: 'up', 1: 'up', 2: 'up' }, steps: ['delete 2'] },
  { name: 'scales down nothing while a replica is down', spec: { replicas: 1 }, pods: { 0: 'pending', 1: 'up' }, steps: [] },
  {
    name: 'scales down nothing while a lower ordinal that is to go is down too',
    spec: { replicas: 0 },
    pods: { 0: 'pending', 1: 'up', 2: 'pending' },
    steps: [],
  },
  {
    name: 'scales down one that is down where no lower one is',
    spec: { replicas: 0 },
    pods: { 0: 'up', 1: 'pending' },
    steps: ['delete 1'],
  },
  {
    name: 'scales down one that serves although a lower one is down',
    spec: { replicas: 0 },
    pods: { 0: 'pending', 1: 'up' },
    steps: ['delete 1'],
  },
  {
    name: 'scales down side by side',
    spec: { replicas: 1, podManagementPolicy: 'Parallel' },
    pods: { 0: 'up', 1: 'up', 2: 'up' },
    steps: ['delete 2', 'delete 1'],
  },
  {
    name: 'scales down side by side whatever serves, and updates at once',
    spec: { replicas: 2, podManagementPolicy: 'Parallel' },
    pods: { 0: 'pending', 1: 'up', 2: 'ending', 3: 'pending', 4: 'up' },
    update: 'new',
    steps: ['delete 4', 'delete 3', 'delete 1'],
  },
  {
    name: 'replaces side by side all that failed',
    spec: { podManagementPolicy: 'Parallel' },
    pods: { 0: 'failed', 1: 'failing', 2: 'failed' },
    steps: ['delete 0', 'delete 2'],
  },
  {
    name: 'updates one of those side by side while a lower one is down',
    spec: { podManagementPolicy: 'Parallel' },
    pods: { 0: 'pending', 1: 'up', 2: 'new' },
    update: 'new',
    steps: ['delete 1'],
  },
  {
    name: 'updates one that is down itself',
    spec: { podManagementPolicy: 'Parallel' },
    pods: { 0: 'up', 1: 'up', 2: 'pending' },
    update: 'new',
    steps: ['delete 2'],
  },
  {
    name: 'updates the next of those side by side when the last has been ready for minReadySeconds',
    spec: { podManagementPolicy: 'Parallel', minReadySeconds: 60 },
    pods: { 0: 'up', 1: 'up', 2: 'new' },
    update: 'new',
    steps: [],
  },
  {
    name: 'updates none while the one before it ends or is gone',
    spec: { podManagementPolicy: 'Parallel' },
    pods: { 0: 'up', 1: 'up', 2: 'ending' },
    update: 'new',
    steps: [],
  },
  {
    name: 'updates none below one that is made',
    spec: { podManagementPolicy: 'Parallel' },
    pods: { 0: 'up', 1: 'up' },
    update: 'new',
    steps: ['create 2'],
  },
  { name: 'begins at its first ordinal', spec: { replicas: 2, ordinals: { start: 5 } }, pods: { 5: 'up' }, steps: ['create 6'] },
  { name: 'updates from the top', pods: { 0: 'up', 1: 'up', 2: 'up' }, update: 'new', steps: ['delete 2'] },
  { name: 'updates the next', pods: { 0: 'up', 1: 'up', 2: 'new' }, update: 'new', steps: ['delete 1'] },
  {
    name: 'stops at the partition',
    spec: { updateStrategy: { rollingUpdate: { partition: 2 } } },
    pods: { 0: 'up', 1: 'up', 2: 'new' },
    update: 'new',
    steps: [],
  },
  {
    name: 'leaves updates to the user who deletes pods',
    spec: { updateStrategy: { type: 'OnDelete' } },
    pods: { 0: 'up', 1: 'up', 2: 'up' },
    update: 'new',
    steps: [],
  },
]
for (const { name, spec = {}, pods, update = 'old', steps } of plans) {
  test(`planStatefulSet() ${name}`, () => {
    const set = setOf(spec)
    const owned = Object.entries(pods).map(([ordinal, state]) => podOf(set, Number(ordinal), state))
    assert.deepEqual(text(planStatefulSet({ set, pods: owned, currentRevision: 'old', updateRevision: update, now })), steps)
  })
}

test('planStatefulSet() creates pods below the partition from the old revision', () => {
  const set = setOf({ updateStrategy: { rollingUpdate: { partition: 1 } } })
  const [step] = planStatefulSet({ set, pods: [], currentRevision: 'old', updateRevision: 'new', now }).replicas
  assert.deepEqual(step, { step: 'create', ordinal: 0, revision: 'current' })
})

test('planStatefulSet() maintains running pods, claims of a pending one, and terminating ones', () => {
  const done = (spec: Partial<StatefulSetSpec>, states: readonly State[]) => {
    const set = setOf(spec)
    const pods = states.map((state, ordinal) => podOf(set, ordinal, state))
    return words(planStatefulSet({ set, pods, currentRevision: 'old', updateRevision: 'old', now }))
  }
  assert.deepEqual(done({}, ['up', 'pending', 'up']), ['keep 0', 'claims 1'])
  assert.deepEqual(done({}, ['up', 'ending']), ['keep 0'])
  assert.deepEqual(done({ minReadySeconds: 60 }, ['up']), [])
  assert.deepEqual(done({ podManagementPolicy: 'Parallel' }, ['ending', 'pending', 'up']), ['keep 0', 'keep 1', 'keep 2'])
  assert.deepEqual(done({ replicas: 1 }, ['up', 'up', 'ending']), ['keep 0', 'owners 2', 'owners 1'])
})

test('planStatus() does not count a pod as current that the update has just ended', () => {
  const set = setOf()
  const pods = [0, 1, 2].map(ordinal => podOf(set, ordinal, 'up'))
  const { replicas, readyReplicas, currentReplicas, updatedReplicas } = planStatus(
    { set, pods, currentRevision: 'old', updateRevision: 'new', now },
    undefined,
    pods.slice(2),
  )
  assert.deepEqual([replicas, readyReplicas, currentReplicas, updatedReplicas], [3, 3, 2, 0])
})

test('planStatus() counts pods with a time of their readiness as available', () => {
  const set = setOf({ minReadySeconds: 5 })
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
  const pods = [podOf(set, 0, 'up'), { ...podOf(set, 1, 'up'), status }]
  const { readyReplicas, availableReplicas } = planStatus({ set, pods, currentRevision: 'old', updateRevision: 'old', now }, undefined, [])
  assert.deepEqual([readyReplicas, availableReplicas], [2, 1])
})

test('planStatus() makes the update revision the current one when all run it', () => {
  const set = setOf()
  const view = (states: readonly State[]) => ({
    set,
    pods: states.map((state, ordinal) => podOf(set, ordinal, state)),
    currentRevision: 'old',
    updateRevision: 'new',
    now,
  })
  const half = planStatus(view(['up', 'up', 'new']), undefined, [])
  assert.deepEqual([half.currentRevision, half.currentReplicas, half.updatedReplicas], ['old', 2, 1])
  const whole = planStatus(view(['new', 'new', 'new']), undefined, [])
  assert.deepEqual([whole.currentRevision, whole.currentReplicas, whole.updatedReplicas], ['new', 3, 3])
})

test('statefulPod() has the name, host name, labels and claims of its ordinal', () => {
  const set = setOf({ volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] })
  const pod = statefulPod(
    set,
    {
      spec: {
        containers: [],
        volumes: [
          { name: 'data', emptyDir: {} },
          { name: 'x', emptyDir: {} },
        ],
      },
    },
    'r',
    1,
  )
  assert.deepEqual([pod.metadata.name, pod.metadata.generateName], ['db-1', 'db-'])
  assert.deepEqual([pod.spec.hostname, pod.spec.subdomain], ['db-1', 'db'])
  assert.equal(pod.metadata.labels?.['apps.kubernetes.io/pod-index'], '1')
  assert.deepEqual(
    pod.spec.volumes?.map(({ name, persistentVolumeClaim }) => [name, persistentVolumeClaim?.claimName]),
    [
      ['data', 'data-db-1'],
      ['x', undefined],
    ],
  )
  assert.equal(claimsOf(set, 1)[0]?.metadata.labels?.['app'], 'db')
})

test('ordinalOf() accepts only names that the set itself would create', () => {
  const named = (name: string) => ordinalOf(setOf(), { metadata: { name }, spec: { containers: [] } })
  assert.deepEqual(['db-0', 'db-12', 'db-01', 'db-', 'db-x', 'web-0'].map(named), [0, 12, undefined, undefined, undefined, undefined])
})

const policies: readonly {
  name: string
  whenDeleted: string
  whenScaled: string
  ordinal: number
  owners: readonly string[] | undefined
}[] = [
  { name: 'retained', whenDeleted: 'Retain', whenScaled: 'Retain', ordinal: 0, owners: undefined },
  { name: 'deleted with the set', whenDeleted: 'Delete', whenScaled: 'Retain', ordinal: 0, owners: ['StatefulSet'] },
  { name: 'deleted when scaled, in range', whenDeleted: 'Retain', whenScaled: 'Delete', ordinal: 0, owners: undefined },
  { name: 'deleted when scaled, beyond', whenDeleted: 'Retain', whenScaled: 'Delete', ordinal: 9, owners: ['Pod'] },
  { name: 'deleted with both, beyond', whenDeleted: 'Delete', whenScaled: 'Delete', ordinal: 9, owners: ['Pod'] },
]
for (const { name, whenDeleted, whenScaled, ordinal, owners } of policies) {
  test(`claimOwners() of a claim ${name}`, () => {
    const set = setOf({ persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } })
    const found = claimOwners(set, podOf(set, ordinal, 'up'), { metadata: { name: 'c' }, spec: {} }, ordinal)
    assert.deepEqual([found.wanted?.map(({ kind }) => kind), found.conflict], [owners, false])
  })
}

test('claimOwners() leaves a claim to its other controller, and to the garbage collector', () => {
  const set = setOf({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } })
  const own = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: set.metadata.uid ?? '', controller: true }
  const other = { apiVersion: 'v1', kind: 'Other', name: 'o', uid: 'o', controller: true }
  const found = (ownerReferences: OwnerReference[]) =>
    claimOwners(set, podOf(set, 0, 'up'), { metadata: { name: 'c', ownerReferences }, spec: {} }, 0)
  assert.deepEqual(found([other]), { wanted: undefined, conflict: true })
  assert.deepEqual(found([other, { ...own, controller: false }]), { wanted: [other], conflict: true })
  assert.deepEqual(found([{ ...own, uid: 'gone' }]).wanted, undefined)
  assert.deepEqual(
    found([{ ...own, controller: false }]).wanted?.map(({ controller }) => controller),
    [true],
  )
})

test('templateOf() ignores fields of a revision that would move a pod (CVE-2026-2270)', () => {
  const metadata = { name: 'x', namespace: 'kube-system', ownerReferences: [{ uid: 'u' }], labels: { a: 'b', n: 1 }, annotations: null }
  const template = { metadata, spec: { containers: [] }, $patch: 'replace' }
  assert.deepEqual(templateOf({ metadata: {}, revision: 1, data: { spec: { template, replicas: 9 }, metadata } }), {
    metadata: { labels: { a: 'b' }, annotations: {} },
    spec: { containers: [] },
  })
  for (const data of [undefined, null, 'x', {}, { spec: { template: { spec: {} } } }, { spec: { template: { spec: { containers: 1 } } } }])
    assert.equal(templateOf({ metadata: {}, revision: 1, data }), undefined)
})
