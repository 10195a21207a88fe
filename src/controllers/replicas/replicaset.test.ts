import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReplicaSet } from '../../api/types/apps-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { pods, replicaSets } from '../../client/resources.ts'
import { controllerOf } from '../owner.ts'
import { startScenario } from '../scenario.testing.ts'
import { planReplicas, rankByProgress, rankForDeletion } from './replica-plan.ts'
import { replicaSet } from './replicaset.ts'

const now = Date.UTC(2026, 0, 2)
const pod = (
  name: string,
  more: {
    node?: string
    phase?: 'Pending' | 'Running' | 'Unknown'
    ready?: string
    cost?: string
    restarts?: number
    sidecarRestarts?: number
    created?: string
  } = {},
): Pod => ({
  metadata: {
    name,
    uid: name,
    creationTimestamp: more.created ?? '2026-01-01T00:00:00Z',
    ...(more.cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': more.cost } }),
  },
  spec: {
    containers: [],
    initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'init' }],
    ...(more.node === undefined ? {} : { nodeName: more.node }),
  },
  status: {
    phase: more.phase ?? 'Running',
    containerStatuses: [restarted('c', more.restarts ?? 0)],
    initContainerStatuses: [restarted('side', more.sidecarRestarts ?? 0), restarted('init', 9 - (more.sidecarRestarts ?? 0))],
    ...(more.ready === undefined ? {} : { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: more.ready }] }),
  },
})
const restarted = (container: string, restartCount: number) => ({ name: container, ready: true, image: 'i', imageID: '', restartCount })
const early = '2026-01-01T00:00:01Z'

const ranks: { name: string; first: Pod; second: Pod; related?: Pod[] }[] = [
  { name: 'unassigned before assigned', first: pod('z'), second: pod('a', { node: 'n' }) },
  { name: 'pending before running', first: pod('z', { node: 'n', phase: 'Pending' }), second: pod('a', { node: 'n' }) },
  { name: 'not ready before ready', first: pod('z', { node: 'n' }), second: pod('a', { node: 'n', ready: early }) },
  { name: 'cheap before dear', first: pod('z', { node: 'n', ready: early, cost: '-1' }), second: pod('a', { node: 'n', ready: early }) },
  {
    name: 'crowded node before empty one',
    first: pod('z', { node: 'full', ready: early }),
    second: pod('a', { node: 'free', ready: early }),
    related: [pod('x', { node: 'full' }), pod('y', { node: 'full' })],
  },
  {
    name: 'ready for a shorter time first',
    first: pod('z', { node: 'n', ready: '2026-01-01T23:00:00Z' }),
    second: pod('a', { node: 'n', ready: early }),
  },
  { name: 'unknown before running', first: pod('z', { node: 'n', phase: 'Unknown' }), second: pod('a', { node: 'n' }) },
  {
    name: 'crowded node before a ready time',
    first: pod('z', { node: 'full', ready: early }),
    second: pod('a', { node: 'free', ready: '2026-01-01T23:00:00Z' }),
    related: [pod('x', { node: 'full' })],
  },
  { name: 'cost with a leading zero is none', first: pod('a', { cost: '007' }), second: pod('z') },
  { name: 'cost beyond 32 bits is none', first: pod('a', { cost: '99999999999' }), second: pod('z') },
  { name: 'restarted more often first', first: pod('z', { ready: early, restarts: 3 }), second: pod('a', { ready: early, restarts: 2 }) },
  {
    name: 'restarts of sidecars count after those of containers, of other init containers not',
    first: pod('z', { ready: early, sidecarRestarts: 1 }),
    second: pod('a', { ready: early }),
  },
  { name: 'younger first', first: pod('z', { created: '2026-01-01T23:00:00Z' }), second: pod('a') },
  {
    name: 'ready for about one time go by uid, whatever was restarted',
    first: pod('a', { ready: '2026-01-01T00:00:02Z' }),
    second: pod('z', { ready: early, restarts: 9 }),
  },
]
for (const { name, first, second, related = [] } of ranks) {
  test(`rankForDeletion(): ${name}`, () => {
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      assert.deepEqual(
        rankForDeletion(order, related, now).map(({ metadata }) => metadata.name),
        [first.metadata.name, second.metadata.name],
      )
    }
  })
}

test('rankByProgress() ignores cost and rank, and counts age in seconds', () => {
  const pods = [pod('a', { node: 'n', ready: early, cost: '-1' }), pod('z', { node: 'n', ready: '2026-01-01T00:00:02Z' })]
  assert.deepEqual(
    rankByProgress(pods).map(({ metadata }) => metadata.name),
    ['z', 'a'],
  )
})

test('planReplicas() never creates more than a burst at once', () => {
  assert.deepEqual(planReplicas(10_000, [], [], now), { plan: 'create', count: 500 })
})

const set = (replicas: number): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'ns' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
  },
})

test('replicaSet adopts orphans, releases pods that it no longer selects, and keeps the number', async () => {
  await using scenario = startScenario({ controllers: [replicaSet] })
  const { api } = scenario
  api.seed(pods, { metadata: { name: 'orphan', namespace: 'ns', labels: { app: 'web' } }, spec: { containers: [] } })
  api.seed(replicaSets, set(3))
  await scenario.until(() => api.read(replicaSets, 'ns', 'web')?.status?.replicas === 3, 'three pods')
  assert.equal(controllerOf(api.read(pods, 'ns', 'orphan') as Pod)?.name, 'web')
  assert.equal(api.all(pods).length, 3)
  api.change(replicaSets, 'ns', 'web', object => {
    object.spec.replicas = 1
  })
  await scenario.until(() => api.all(pods).length === 1 && api.read(replicaSets, 'ns', 'web')?.status?.replicas === 1, 'one pod')
})

test('replicaSet replaces a pod that was deleted, exactly once', async () => {
  await using scenario = startScenario({ controllers: [replicaSet] })
  const { api } = scenario
  api.seed(replicaSets, set(2))
  await scenario.until(() => api.read(replicaSets, 'ns', 'web')?.status?.replicas === 2, 'two pods')
  const name = api.all(pods)[0]?.metadata.name ?? ''
  api.remove(pods, 'ns', name)
  const created = () => api.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/pods')).length
  await scenario.until(() => api.all(pods).length === 2 && created() === 3, 'a replacement')
})
