import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/types/apps-v1.ts'
import { conditionOf, pauseCondition, rolloutStatus, untilDeadline } from './deployment-status.ts'

const started = Date.UTC(2026, 1, 15, 18, 49)
const startedText = '2026-02-15T18:49:00Z'
const template = { spec: { containers: [] } }
const progressing = (status: string, reason: string, time: string | undefined = startedText): DeploymentCondition => ({
  type: 'Progressing',
  status,
  reason,
  ...(time === '' ? {} : { lastUpdateTime: time, lastTransitionTime: time }),
})
const updated = progressing('True', 'ReplicaSetUpdated')
const available = progressing('True', 'NewReplicaSetAvailable')
const timedOut = progressing('False', 'ProgressDeadlineExceeded', '')

/** Numbers of pods: total, updated, available. */
type Counts = readonly [replicas: number, updated: number, available: number]
const statusOf = ([replicas, updatedReplicas, availableReplicas]: Counts, conditions: DeploymentCondition[] = []): DeploymentStatus => ({
  replicas,
  updatedReplicas,
  availableReplicas,
  conditions,
})
const deploymentOf = (deadline: number | undefined, replicas: number, counts: Counts, conditions?: DeploymentCondition[]): Deployment => ({
  metadata: { name: 'd' },
  spec: { replicas, template, strategy: { type: 'Recreate' }, ...(deadline === undefined ? {} : { progressDeadlineSeconds: deadline }) },
  status: statusOf(counts, conditions),
})
const setOf = (name: string, size: number, replicas: number, availableReplicas: number): ReplicaSet => ({
  metadata: { name },
  spec: { replicas: size, template },
  status: { replicas, availableReplicas },
})

const waits: readonly { name: string; deployment: Deployment; after?: number; wait: number | undefined }[] = [
  { name: 'without a deadline', deployment: deploymentOf(undefined, 4, [3, 3, 2]), wait: undefined },
  { name: 'with a deadline that never comes', deployment: deploymentOf(2_147_483_647, 4, [3, 3, 2]), wait: undefined },
  { name: 'before any progress', deployment: deploymentOf(60, 4, [3, 3, 2]), wait: undefined },
  { name: 'when complete', deployment: deploymentOf(60, 3, [3, 3, 3], [updated]), wait: undefined },
  { name: 'when it has failed', deployment: deploymentOf(60, 3, [3, 3, 0], [timedOut]), wait: undefined },
  { name: 'half-way', deployment: deploymentOf(60, 3, [3, 3, 1], [updated]), after: 30_000, wait: 31_000 },
  { name: 'just before', deployment: deploymentOf(60, 3, [3, 3, 1], [updated]), after: 59_000, wait: 2_000 },
  { name: 'at the deadline', deployment: deploymentOf(60, 3, [3, 3, 1], [updated]), after: 60_000, wait: 1_000 },
  { name: 'long after', deployment: deploymentOf(60, 3, [3, 3, 1], [updated]), after: 120_000, wait: 1_000 },
]
for (const { name, deployment, after = 0, wait } of waits) {
  // One second more than the remaining time, since a deadline counts when it is over.
  test(`untilDeadline() ${name}`, () => assert.equal(untilDeadline(deployment, deployment.status ?? {}, started + after), wait))
}

const rollouts: readonly {
  name: string
  deployment: Deployment
  old?: readonly ReplicaSet[]
  current?: ReplicaSet
  wanted: readonly [status: string, reason: string, update: 'kept' | 'now', transition: 'kept' | 'now'] | undefined
}[] = [
  {
    name: 'is silent without a deadline',
    deployment: deploymentOf(undefined, 3, [2, 2, 2], [updated]),
    old: [setOf('bar', 0, 1, 1)],
    current: setOf('foo', 3, 2, 2),
    wanted: undefined,
  },
  {
    name: 'does not validate one set that was available',
    deployment: deploymentOf(60, 3, [3, 3, 3], [available]),
    current: setOf('bar', 3, 3, 3),
    wanted: ['True', 'NewReplicaSetAvailable', 'kept', 'kept'],
  },
  {
    name: 'keeps since when it progresses',
    deployment: deploymentOf(60, 3, [2, 2, 2], [updated]),
    old: [setOf('bar', 0, 1, 1)],
    current: setOf('foo', 3, 2, 2),
    wanted: ['True', 'ReplicaSetUpdated', 'now', 'kept'],
  },
  {
    name: 'progresses again after the deadline',
    deployment: deploymentOf(60, 3, [2, 2, 2], [timedOut]),
    old: [setOf('bar', 0, 1, 1)],
    current: setOf('foo', 3, 2, 2),
    wanted: ['True', 'ReplicaSetUpdated', 'now', 'now'],
  },
  {
    name: 'begins to progress',
    deployment: deploymentOf(60, 3, [2, 2, 2]),
    old: [setOf('bar', 0, 1, 1)],
    current: setOf('foo', 3, 2, 2),
    wanted: ['True', 'ReplicaSetUpdated', 'now', 'now'],
  },
  {
    name: 'is complete, and keeps since when',
    deployment: deploymentOf(60, 3, [3, 3, 3], [updated]),
    current: setOf('foo', 3, 3, 3),
    wanted: ['True', 'NewReplicaSetAvailable', 'now', 'kept'],
  },
  {
    name: 'is complete after the deadline',
    deployment: deploymentOf(60, 3, [3, 3, 3], [timedOut]),
    current: setOf('foo', 3, 3, 3),
    wanted: ['True', 'NewReplicaSetAvailable', 'now', 'now'],
  },
  {
    name: 'is complete at once',
    deployment: deploymentOf(60, 3, [3, 3, 3]),
    current: setOf('foo', 3, 3, 3),
    wanted: ['True', 'NewReplicaSetAvailable', 'now', 'now'],
  },
  {
    name: 'is complete without a current set',
    deployment: deploymentOf(60, 0, [3, 3, 3], [updated]),
    old: [setOf('foo', 0, 0, 0)],
    wanted: ['True', 'NewReplicaSetAvailable', 'now', 'kept'],
  },
  {
    name: 'fails at the deadline',
    deployment: deploymentOf(60, 3, [2, 2, 2], [updated]),
    current: setOf('foo', 3, 2, 2),
    wanted: ['False', 'ProgressDeadlineExceeded', 'now', 'now'],
  },
]
for (const { name, deployment, old = [], current, wanted } of rollouts) {
  test(`rolloutStatus() ${name}`, () => {
    const now = started + 120_000
    const all = current === undefined ? old : [...old, current]
    const found = conditionOf(rolloutStatus(deployment, current, all, now), 'Progressing')
    const when = (time: string | null | undefined) => (time === startedText ? 'kept' : 'now')
    assert.deepEqual(found && [found.status, found.reason, when(found.lastUpdateTime), when(found.lastTransitionTime)], wanted)
  })
}

test('rolloutStatus() does not change a failed rollout', () => {
  const deployment = deploymentOf(60, 3, [2, 2, 2], [progressing('False', 'ProgressDeadlineExceeded')])
  const current = setOf('foo', 3, 2, 2)
  assert.deepEqual(
    conditionOf(rolloutStatus(deployment, current, [current], started + 120_000), 'Progressing'),
    progressing('False', 'ProgressDeadlineExceeded'),
  )
})

test('pauseCondition() reports that a rollout is paused or resumed, but not for a failed one', () => {
  const found = (paused: boolean, condition: DeploymentCondition | undefined) => {
    const deployment = deploymentOf(60, 3, [2, 2, 2], condition === undefined ? [] : [condition])
    const { status, reason } = pauseCondition({ ...deployment, spec: { ...deployment.spec, paused } }, started) ?? {}
    return status === undefined ? undefined : `${status} ${reason}`
  }
  const paused = progressing('Unknown', 'DeploymentPaused')
  assert.deepEqual(
    [found(true, updated), found(true, paused), found(false, paused), found(false, updated), found(true, timedOut), found(true, undefined)],
    ['Unknown DeploymentPaused', undefined, 'Unknown DeploymentResumed', undefined, undefined, 'Unknown DeploymentPaused'],
  )
})
