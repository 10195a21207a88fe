import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment, ReplicaSet } from '../../api/types/apps-v1.ts'
import type { IntOrString } from '../../api/types/meta-v1.ts'
import { planCleanup, planRolling, planScaling, revisionAfter, revisionOf, rolloutLimits } from './deployment-plan.ts'

const template = { spec: { containers: [] } }
const deployment = (replicas: number, maxSurge: IntOrString = '25%', maxUnavailable: IntOrString = '25%'): Deployment => ({
  metadata: { name: 'd' },
  spec: { replicas, template, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } }, revisionHistoryLimit: 2 },
})
const set = (name: string, replicas: number, available: number, annotations: Record<string, string> = {}): ReplicaSet => ({
  metadata: { name, creationTimestamp: `2026-01-0${name.length}T00:00:00Z`, annotations },
  spec: { replicas, template },
  status: { replicas, availableReplicas: available },
})

const limits: [number, IntOrString, IntOrString, number, number][] = [
  [10, '25%', '25%', 3, 2],
  [1, '25%', '25%', 1, 0],
  [0, '25%', '25%', 0, 0],
  [10, 0, 0, 0, 1],
  [3, 0, '10%', 0, 1],
  [2, 5, 5, 5, 2],
]
for (const [replicas, maxSurge, maxUnavailable, surge, unavailable] of limits) {
  test(`rolloutLimits() of ${replicas} with ${maxSurge}/${maxUnavailable}`, () => {
    assert.deepEqual(rolloutLimits(deployment(replicas, maxSurge, maxUnavailable)), { surge, unavailable })
  })
}

const rolling: { name: string; of: Deployment; current: ReplicaSet; old: ReplicaSet[]; want: Record<string, number> }[] = [
  { name: 'grows by the surge first', of: deployment(10), current: set('n', 0, 0), old: [set('oo', 10, 10)], want: { n: 3 } },
  { name: 'shrinks old when the surge is used', of: deployment(10), current: set('n', 3, 0), old: [set('oo', 10, 10)], want: { oo: 8 } },
  { name: 'waits for new pods', of: deployment(10), current: set('n', 5, 0), old: [set('oo', 8, 8)], want: {} },
  {
    name: 'removes broken old pods first',
    of: deployment(10),
    current: set('n', 2, 0),
    old: [set('oo', 8, 8), set('ooo', 3, 0)],
    want: { ooo: 0 },
  },
  { name: 'shrinks the current set that is too large', of: deployment(2), current: set('n', 4, 4), old: [], want: { n: 2 } },
  { name: 'has nothing to do at the end', of: deployment(2), current: set('n', 2, 2), old: [set('oo', 0, 0)], want: {} },
  {
    name: 'counts no pods of a set that was just shrunk',
    of: deployment(6, '50%', '50%'),
    current: set('n', 5, 0),
    old: [set('oo', 4, 6)],
    want: { oo: 3 },
  },
  { name: 'one pod without unavailability', of: deployment(1), current: set('n', 1, 0), old: [set('oo', 1, 1)], want: {} },
  { name: 'one pod, new one available', of: deployment(1), current: set('n', 1, 1), old: [set('oo', 1, 1)], want: { oo: 0 } },
]
for (const { name, of, current, old, want } of rolling) {
  test(`planRolling() ${name}`, () => {
    assert.deepEqual(Object.fromEntries(planRolling(of, current, old).map(({ replicaSet, to }) => [replicaSet.metadata.name, to])), want)
  })
}

test('planScaling() distributes new pods in proportion, the rest to the largest set', () => {
  const annotations = { 'deployment.kubernetes.io/max-replicas': '13' }
  const sets = [set('ooo', 8, 8, annotations), set('oo', 3, 3, annotations)]
  const steps = planScaling(deployment(15), set('n', 2, 0, annotations), sets)
  const sizes = Object.fromEntries(steps.map(({ replicaSet, to }) => [replicaSet.metadata.name, to]))
  assert.deepEqual(sizes, { ooo: 12, oo: 4, n: 3 })
})

test('planScaling() does not change a set that already has the requested size', () => {
  const sizedFor = (desired: string) => set('n', 4, 4, { 'deployment.kubernetes.io/desired-replicas': desired })
  assert.deepEqual(planScaling(deployment(4), sizedFor('4'), []), [])
  assert.deepEqual(
    planScaling(deployment(4), sizedFor('99'), []).map(({ to }) => to),
    [4],
  )
})

test('planCleanup() removes the lowest empty revisions', () => {
  const old = (name: string, revision: number, replicas = 0) =>
    set(name, replicas, 0, { 'deployment.kubernetes.io/revision': String(revision) })
  const sets = [old('a', 3), old('b', 1), old('c', 2, 1), old('d', 4)]
  assert.deepEqual(
    planCleanup(deployment(1), sets).map(({ metadata }) => metadata.name),
    ['b'],
  )
})

const revisions: [string, bigint, bigint][] = [
  ['3546343826724305832', 3546343826724305832n, 3546343826724305833n],
  ['9223372036854775807', 9223372036854775807n, 9223372036854775808n],
  ['9223372036854775808', 0n, 1n],
  ['-1', 0n, 1n],
  ['x', 0n, 1n],
]
for (const [text, revision, next] of revisions) {
  test(`revisionOf() and revisionAfter() of "${text}"`, () => {
    const old = set('oo', 1, 1, { 'deployment.kubernetes.io/revision': text })
    assert.equal(revisionOf(old), revision)
    assert.equal(revisionAfter([old]), next)
  })
}
