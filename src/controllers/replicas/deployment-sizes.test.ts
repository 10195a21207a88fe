import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment, ReplicaSet } from '../../api/types/apps-v1.ts'
import {
  desiredAnnotation,
  maxAnnotation,
  planCleanup,
  planRolling,
  planScaling,
  revisionAnnotation,
  type Scale,
} from './deployment-plan.ts'

interface Limits {
  readonly surge?: number
  readonly unavailable?: number
}
const template = { spec: { containers: [] } }
const deployment = (replicas: number, { surge = 0, unavailable = 0 }: Limits = {}, revisionHistoryLimit = 10): Deployment => ({
  metadata: { name: 'd' },
  spec: {
    replicas,
    template,
    revisionHistoryLimit,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
  },
})
/** `v3` is newer than `v2`. */
const set = (name: string, replicas: number, available = 0, annotations: Record<string, string> = {}): ReplicaSet => ({
  metadata: { name, creationTimestamp: `2026-01-01T0${name.slice(1)}:00:00Z`, annotations },
  spec: { replicas, template },
  status: { replicas, availableReplicas: available },
})
const sizesAfter = (sets: readonly ReplicaSet[], steps: readonly Scale[]) =>
  sets.map(each => steps.find(({ replicaSet }) => replicaSet === each)?.to ?? each.spec.replicas)

/** Sizes are those of v3, v2, v1; the first is the current set's. */
const scalings: readonly {
  name: string
  from: number
  to: number
  before?: Limits
  now?: Limits
  sizes: readonly number[]
  wanted: readonly number[]
  noCurrent?: true
  desired?: Readonly<Record<string, number>>
}[] = [
  { name: 'up, one set', from: 10, to: 12, sizes: [10], wanted: [12] },
  { name: 'down, one set', from: 10, to: 5, sizes: [10], wanted: [5] },
  { name: 'up in proportion', from: 5, to: 10, sizes: [2, 3], wanted: [4, 6] },
  { name: 'down in proportion', from: 5, to: 3, sizes: [2, 3], wanted: [1, 2] },
  { name: 'down, to none of the small one', from: 9, to: 4, sizes: [8, 1], wanted: [4, 0] },
  { name: 'up, three sets', from: 7, to: 10, sizes: [2, 3, 2], wanted: [3, 4, 3] },
  { name: 'down, three sets', from: 13, to: 8, sizes: [2, 8, 3], wanted: [1, 5, 2] },
  { name: 'up, the rest to the newest', from: 3, to: 4, sizes: [1, 1, 1], wanted: [2, 1, 1] },
  { name: 'down, the rest from the oldest', from: 3, to: 2, sizes: [1, 1, 1], wanted: [1, 1, 0] },
  { name: 'up without a current set, the newest first', from: 4, to: 5, sizes: [2, 2], wanted: [3, 2], noCurrent: true },
  { name: 'down to nothing', from: 6, to: 0, sizes: [3, 2, 1], wanted: [0, 0, 0] },
  { name: 'up from nothing, the current set', from: 6, to: 6, sizes: [0, 0, 0], wanted: [6, 0, 0] },
  { name: 'on where one set was written alone', from: 5, to: 5, sizes: [2, 1, 1], wanted: [2, 2, 1], desired: { v2: 3 } },
  { name: 'up with a surge', from: 10, to: 20, before: { surge: 2 }, now: { surge: 2 }, sizes: [6, 6], wanted: [11, 11] },
  { name: 'up with another surge', from: 10, to: 50, before: { surge: 3 }, now: { surge: 6 }, sizes: [5, 8], wanted: [22, 34] },
  { name: 'up with another template', from: 10, to: 14, sizes: [7, 3], wanted: [10, 4], noCurrent: true },
  {
    name: 'nothing where the current set is whole but broken',
    from: 2,
    to: 2,
    before: { surge: 1, unavailable: 1 },
    now: { surge: 1, unavailable: 1 },
    sizes: [2, 1],
    wanted: [2, 1],
  },
]
for (const { name, from, to, before = {}, now = {}, sizes, wanted, noCurrent = false, desired = {} } of scalings) {
  test(`planScaling() scales ${name}: ${from} -> ${to}`, () => {
    const sets = sizes.map((size, index) => {
      const own = `v${sizes.length - index}`
      const last = desired[own] ?? from
      return set(own, size, 0, { [desiredAnnotation]: String(last), [maxAnnotation]: String(last + (before.surge ?? 0)) })
    })
    const [current, old] = noCurrent ? [undefined, sets] : [sets[0], sets.slice(1)]
    assert.deepEqual(sizesAfter(sets, planScaling(deployment(to, now), current, old)), wanted)
  })
}

test('planScaling() empties old sets if the current one is complete', () => {
  const annotations = { [desiredAnnotation]: '2', [maxAnnotation]: '3' }
  const [current, old] = [set('v2', 2, 2, annotations), set('v1', 1, 1, annotations)]
  assert.deepEqual(sizesAfter([current, old], planScaling(deployment(2, { surge: 1 }), current, [old])), [2, 0])
})

/** Of a Deployment of 10. Sizes are those of the current and of the old set, then the available pods of each. */
const rollings: readonly {
  name: string
  limits: Limits
  sizes: readonly [number, number, number, number]
  wanted: readonly [number, number]
}[] = [
  { name: 'nothing without room', limits: { unavailable: 1 }, sizes: [0, 9, 0, 9], wanted: [1, 9] },
  { name: 'up by the surge', limits: { surge: 2 }, sizes: [0, 10, 0, 10], wanted: [2, 10] },
  { name: 'up to what is missing, and the surge', limits: { surge: 2 }, sizes: [0, 5, 0, 5], wanted: [7, 5] },
  { name: 'nothing when the surge is used and nothing new serves', limits: { surge: 2 }, sizes: [2, 10, 0, 10], wanted: [2, 10] },
  { name: 'the current set down that is too large', limits: { surge: 2 }, sizes: [11, 2, 0, 2], wanted: [10, 2] },
  { name: 'old ones down by one where both limits are 0', limits: {}, sizes: [0, 10, 0, 10], wanted: [0, 9] },
  { name: 'old ones down', limits: { unavailable: 2 }, sizes: [0, 10, 0, 10], wanted: [0, 8] },
  { name: 'old ones down that do not serve', limits: { unavailable: 2 }, sizes: [0, 10, 0, 8], wanted: [0, 8] },
  { name: 'old ones down, one that does not serve and one that does', limits: { unavailable: 2 }, sizes: [0, 10, 0, 9], wanted: [0, 8] },
  { name: 'no old ones down for new ones that do not serve', limits: { unavailable: 2 }, sizes: [2, 8, 0, 8], wanted: [2, 8] },
  { name: 'old ones down that never served', limits: { unavailable: 2 }, sizes: [0, 10, 0, 1], wanted: [0, 8] },
  { name: 'old ones down to the end', limits: { unavailable: 2 }, sizes: [10, 2, 8, 2], wanted: [10, 0] },
]
for (const { name, limits, sizes, wanted } of rollings) {
  test(`planRolling() scales ${name}`, () => {
    const [currentSize, oldSize, currentServes, oldServes] = sizes
    const [current, old] = [set('v2', currentSize, currentServes), set('v1', oldSize, oldServes)]
    assert.deepEqual(sizesAfter([current, old], planRolling(deployment(10, limits), current, [old])), wanted)
  })
}

const emptied = (name: string, size: number, status: number, revision?: number): ReplicaSet => ({
  ...set(name, size, 0, revision === undefined ? {} : { [revisionAnnotation]: String(revision) }),
  status: { replicas: status },
})
const ending = emptied('v1', 0, 0)
ending.metadata.deletionTimestamp = '2026-01-02T00:00:00Z'
const cleanups: readonly { name: string; limit: number; sets: readonly ReplicaSet[]; gone: readonly string[] }[] = [
  {
    name: 'the oldest beyond the limit',
    limit: 1,
    sets: [emptied('v1', 0, 0), emptied('v2', 0, 0), emptied('v3', 0, 0)],
    gone: ['v1', 'v2'],
  },
  {
    name: 'only what is empty and wants to be',
    limit: 0,
    sets: [emptied('v1', 0, 0), emptied('v2', 0, 1), emptied('v3', 1, 0), emptied('v4', 1, 1)],
    gone: ['v1'],
  },
  { name: 'all with a limit of 0', limit: 0, sets: [emptied('v1', 0, 0), emptied('v2', 0, 0)], gone: ['v1', 'v2'] },
  { name: 'nothing twice', limit: 0, sets: [ending], gone: [] },
  { name: 'nothing without a limit', limit: 2_147_483_647, sets: [emptied('v1', 0, 0), emptied('v2', 0, 0)], gone: [] },
  {
    name: 'by revision, then by age',
    limit: 1,
    sets: [emptied('v1', 0, 0, 3), emptied('v2', 0, 0, 1), emptied('v3', 0, 0, 2)],
    gone: ['v2', 'v3'],
  },
  {
    name: 'what has no revision first',
    limit: 2,
    sets: [emptied('v1', 0, 0, 1), emptied('v2', 0, 0), emptied('v3', 0, 0, 2)],
    gone: ['v2'],
  },
]
for (const { name, limit, sets, gone } of cleanups) {
  test(`planCleanup() removes ${name}`, () => {
    const found = planCleanup(deployment(1, {}, limit), sets)
    assert.deepEqual(
      found.map(({ metadata }) => metadata.name),
      gone,
    )
  })
}
