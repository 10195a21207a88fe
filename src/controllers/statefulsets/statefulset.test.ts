import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badRequest } from '../../api/status.ts'
import type { StatefulSet } from '../../api/types/apps-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { controllerRevisions, events, persistentVolumeClaims, pods, statefulSets } from '../../client/resources.ts'
import { runPods, type Scenario, startScenario } from '../scenario.testing.ts'
import { statefulSet } from './statefulset.ts'

const labels = { app: 'db' }
const newSet = (spec: Partial<StatefulSet['spec']> = {}): StatefulSet => ({
  metadata: { name: 'db', namespace: 'ns' },
  spec: {
    replicas: 2,
    serviceName: 'db',
    selector: { matchLabels: labels },
    revisionHistoryLimit: 0,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'a' }] } },
    ...spec,
  },
})
const start = (spec: Partial<StatefulSet['spec']> = {}) =>
  startScenario({ controllers: [statefulSet], prepare: api => void api.seed(statefulSets, newSet(spec)) })
const images = ({ api }: Scenario) =>
  Object.fromEntries(api.all(pods).map(({ metadata, spec }) => [metadata.name, spec.containers[0]?.image]))

function rolledOut({ api }: Scenario): boolean {
  runPods(api)
  const { status = { replicas: 0, availableReplicas: 0 }, spec, metadata } = api.read(statefulSets, 'ns', 'db') ?? newSet()
  const seen = status.observedGeneration === metadata.generation && status.readyReplicas === spec.replicas
  return (
    seen &&
    status.replicas === spec.replicas &&
    status.updatedReplicas === spec.replicas &&
    status.currentRevision === status.updateRevision
  )
}

function change({ api }: Scenario, edit: (set: StatefulSet) => void): void {
  api.change(statefulSets, 'ns', 'db', set => {
    edit(set)
    set.metadata.generation = (set.metadata.generation ?? 0) + 1
  })
}

test('statefulSet rolls out in order with claims, updates from the top, and scales without losing claims', async () => {
  await using scenario = start()
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario), 'first rollout')
  assert.deepEqual(images(scenario), { 'db-0': 'a', 'db-1': 'a' })
  const claims = () =>
    api
      .all(persistentVolumeClaims)
      .map(({ metadata }) => metadata.name)
      .sort()
  assert.deepEqual(claims(), ['data-db-0', 'data-db-1'])
  change(scenario, set => {
    set.spec.template.spec.containers = [{ name: 'c', image: 'b' }]
  })
  await scenario.until(() => {
    const { 'db-0': first, 'db-1': second } = images(scenario)
    assert.ok(!(first === 'b' && second === 'a'), 'the highest goes first')
    return rolledOut(scenario)
  }, 'update')
  assert.deepEqual(images(scenario), { 'db-0': 'b', 'db-1': 'b' })
  await scenario.until(() => api.all(controllerRevisions).length === 1, 'the old revision to go')
  change(scenario, set => {
    set.spec.replicas = 1
  })
  await scenario.until(() => rolledOut(scenario), 'scaled down')
  assert.deepEqual(Object.keys(images(scenario)), ['db-0'])
  assert.deepEqual(claims(), ['data-db-0', 'data-db-1'])
  await scenario.until(
    () => api.all(events).some(({ message }) => message === 'create Pod db-0 in StatefulSet db successful'),
    'the event of a creation',
  )
})

test('statefulSet makes a scaled-down pod the owner of its claim if the policy is Delete', async () => {
  await using scenario = start({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } })
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario), 'rollout')
  const owner = (name: string) => api.read(persistentVolumeClaims, 'ns', name)?.metadata.ownerReferences?.map(({ kind }) => kind)
  assert.deepEqual(owner('data-db-1'), ['StatefulSet'])
  change(scenario, set => {
    set.spec.replicas = 1
  })
  await scenario.until(() => rolledOut(scenario), 'scaled down')
  assert.deepEqual(owner('data-db-1'), ['Pod'])
})

test('statefulSet recreates a missing claim of a pending pod, and reports changed owners of claims', async () => {
  await using scenario = start({ replicas: 1 })
  const { api } = scenario
  await scenario.until(() => api.all(pods).length === 1, 'the pod')
  const claimed = () => api.read(persistentVolumeClaims, 'ns', 'data-db-0')
  await scenario.until(() => claimed() !== undefined, 'the claim')
  api.remove(persistentVolumeClaims, 'ns', 'data-db-0')
  api.change(pods, 'ns', 'db-0', pod => {
    pod.status = { phase: 'Pending' }
  })
  await scenario.until(() => claimed() !== undefined, 'the claim again')
  await scenario.until(() => rolledOut(scenario), 'the rollout')
  change(scenario, set => {
    set.spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete' }
  })
  await scenario.until(() => claimed()?.metadata.ownerReferences?.length === 1, 'the owner')
  const said = (message: string) => () => api.all(events).some(event => event.message === message)
  await scenario.until(said('update Pod db-0 in StatefulSet db successful'), 'the event')
})

test('statefulSet does not recreate revisions while it waits for its pods to terminate, and counts the pods', async () => {
  await using scenario = start({ volumeClaimTemplates: [] })
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario), 'rollout')
  const status = () => api.read(statefulSets, 'ns', 'db')?.status
  const { updateRevision = '' } = status() ?? {}
  api.change(statefulSets, 'ns', 'db', ({ metadata }) => {
    metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    metadata.finalizers = ['foregroundDeletion']
  })
  api.remove(controllerRevisions, 'ns', updateRevision)
  api.remove(pods, 'ns', 'db-1')
  await scenario.until(() => status()?.replicas === 1, 'one pod')
  assert.deepEqual([status()?.updateRevision, api.all(controllerRevisions).length], [updateRevision, 0])
})

test('statefulSet reports on claim and pod that a claim cannot be created', async () => {
  await using scenario = startScenario({
    controllers: [statefulSet],
    prepare(api) {
      api.refuse = ({ method, path }) => {
        if (method === 'POST' && path.endsWith('/persistentvolumeclaims')) throw badRequest('no room')
      }
      api.seed(statefulSets, newSet({ replicas: 1 }))
    },
  })
  const said = (message: string) => () => scenario.api.all(events).some(event => event.message === message)
  await scenario.until(said('create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: no room'), 'the event of the claim')
  const failed = 'create Pod db-0 in StatefulSet db failed error: failed to create PVC data-db-0: no room'
  await scenario.until(said(failed), 'the event of the pod')
})

test('statefulSet creates pods below the partition from a revision, and only in its own namespace', async () => {
  await using scenario = start()
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario), 'rollout')
  const [revision] = api.all(controllerRevisions)
  const evil = { namespace: 'kube-system', name: 'evil', ownerReferences: [], labels }
  api.change(controllerRevisions, 'ns', revision?.metadata.name ?? '', object => {
    object.data = { metadata: evil, spec: { template: { metadata: evil, spec: { containers: [{ name: 'c', image: 'old' }] } } } }
  })
  change(scenario, set => {
    set.spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } }
    set.spec.template.spec.containers = [{ name: 'c', image: 'b' }]
  })
  await scenario.until(() => api.all(controllerRevisions).length === 2, 'the new revision')
  api.remove(pods, 'ns', 'db-0')
  await scenario.until(() => images(scenario)['db-0'] === 'old', 'the pod from the revision')
  assert.ok(api.all(pods).every(({ metadata }) => metadata.namespace === 'ns' && metadata.name?.startsWith('db-') === true))
  assert.equal(api.read(pods, 'ns', 'db-0')?.metadata.ownerReferences?.[0]?.kind, 'StatefulSet')
})

test('statefulSet creates pods in parallel in growing batches, and stops after a failure', async () => {
  const tried: string[] = []
  let isFull = true
  await using scenario = startScenario({
    controllers: [statefulSet],
    prepare(api) {
      api.refuse = ({ method, path, body }) => {
        if (method !== 'POST' || !path.endsWith('/pods')) return
        const { name = '' } = (body as Pod).metadata
        if (isFull) tried.push(name)
        if (isFull && name === 'db-1') throw badRequest('no room')
      }
      const spec = { replicas: 6, podManagementPolicy: 'Parallel', volumeClaimTemplates: [] }
      api.seed(statefulSets, newSet(spec))
    },
  })
  const { api } = scenario
  const failed = 'create Pod db-1 in StatefulSet db failed error: no room'
  await scenario.until(() => api.all(events).some(({ message }) => message === failed), 'the event')
  assert.deepEqual([...new Set(tried)].sort(), ['db-0', 'db-1', 'db-2'])
  isFull = false
  await scenario.until(() => api.all(pods).length === 6, 'all pods')
})

test('statefulSet reuses its name when an unowned pod with that name is gone', async () => {
  let refusals = 0
  await using scenario = startScenario({
    controllers: [statefulSet],
    prepare(api) {
      api.seed(pods, { metadata: { name: 'db-0', namespace: 'ns', labels: { app: 'other' } }, spec: { containers: [] } })
      api.refuse = ({ method, path }) => {
        if (method === 'POST' && path.endsWith('/pods')) refusals++
      }
      api.seed(statefulSets, newSet({ replicas: 1, volumeClaimTemplates: [] }))
    },
  })
  const { api } = scenario
  await scenario.until(() => refusals > 0, 'the name is taken')
  await scenario.until(() => api.read(statefulSets, 'ns', 'db')?.status?.observedGeneration !== undefined, 'the pass is over')
  api.remove(pods, 'ns', 'db-0')
  await scenario.until(() => rolledOut(scenario), 'rollout')
  assert.deepEqual(images(scenario), { 'db-0': 'a' })
  assert.ok(!api.all(events).some(({ reason }) => reason === 'FailedCreate'))
})

test('statefulSet waits for a claim that is deleted with a former pod only if the policy says so', async () => {
  for (const whenScaled of ['Retain', 'Delete']) {
    await using scenario = startScenario({
      controllers: [statefulSet],
      prepare(api) {
        const former = { apiVersion: 'v1', kind: 'Pod', name: 'db-0', uid: 'former' }
        api.seed(persistentVolumeClaims, { metadata: { name: 'data-db-0', namespace: 'ns', ownerReferences: [former] }, spec: {} })
        api.seed(statefulSets, newSet({ persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted: 'Retain' } }))
      },
    })
    const { api } = scenario
    await scenario.until(() => api.read(statefulSets, 'ns', 'db')?.status?.observedGeneration !== undefined, 'a pass')
    const count = () => api.all(pods).length
    if (whenScaled === 'Delete') {
      assert.equal(count(), 0)
      api.remove(persistentVolumeClaims, 'ns', 'data-db-0')
    }
    await scenario.until(() => count() === 1, 'the pod')
  }
})

test('statefulSet recreates a revision with the same name', async () => {
  await using scenario = start({ replicas: 1 })
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario), 'rollout')
  const [before] = api.all(controllerRevisions)
  const uid = api.read(pods, 'ns', 'db-0')?.metadata.uid
  api.remove(controllerRevisions, 'ns', before?.metadata.name ?? '')
  await scenario.until(() => api.all(controllerRevisions).length === 1, 'the revision')
  assert.equal(api.all(controllerRevisions)[0]?.metadata.name, before?.metadata.name)
  change(scenario, set => {
    set.spec.replicas = 2
  })
  await scenario.until(() => rolledOut(scenario), 'the second pod')
  assert.equal(api.read(pods, 'ns', 'db-0')?.metadata.uid, uid)
})
