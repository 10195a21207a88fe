import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobSpec, JobStatus } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { exited, newJob, podOf } from './job.fixture.ts'
import { indexFailures, jobPod } from './job-pods.ts'
import { countJob } from './job-state.ts'
import { planTracking } from './job-tracking.ts'
import type { Verdict } from './job-verdict.ts'

const failing: Verdict = { type: 'FailureTarget', reason: 'BackoffLimitExceeded', message: '' }
const many = (count: number, prefix = '') => Array.from({ length: count }, (_, at) => `${prefix}${at}`)

const rows: readonly {
  name: string
  spec?: Partial<JobSpec>
  status?: JobStatus
  pods: readonly [uid: string, phase: string, index?: number][]
  verdict?: Verdict
  deleted?: true
  released: number
  more?: true
  uncounted: readonly [succeeded: readonly string[], failed: readonly string[]]
  completed?: string
}[] = [
  {
    name: 'what has finished, and leaves what runs',
    pods: [
      ['a', 'Succeeded'],
      ['b', 'Failed'],
      ['c', 'Running'],
    ],
    released: 2,
    uncounted: [['a'], ['b']],
  },
  {
    name: 'what still runs when the job has failed',
    pods: [
      ['a', 'Succeeded'],
      ['b', 'Running'],
    ],
    verdict: failing,
    released: 2,
    uncounted: [['a'], ['b']],
  },
  {
    name: 'of a job that is deleted only what has finished, and frees all',
    deleted: true,
    pods: [
      ['a', 'Succeeded'],
      ['b', 'Running'],
    ],
    released: 2,
    uncounted: [['a'], []],
  },
  {
    name: 'no pod twice, though it turns from failed to succeeded',
    status: { uncountedTerminatedPods: { succeeded: [], failed: ['a', 'b'] } },
    pods: [
      ['a', 'Failed'],
      ['b', 'Succeeded'],
    ],
    verdict: failing,
    released: 2,
    uncounted: [[], ['a', 'b']],
  },
  {
    name: '500 pods at once',
    pods: many(501).map(uid => [uid, 'Succeeded']),
    released: 500,
    more: true,
    uncounted: [many(500), []],
  },
  {
    name: 'less where the status holds some already',
    status: { uncountedTerminatedPods: { succeeded: [], failed: ['b'] } },
    pods: [...many(500).map((uid): [string, string] => [uid, 'Succeeded']), ['b', 'Failed']],
    released: 500,
    more: true,
    uncounted: [many(499), ['b']],
  },
  {
    name: 'nothing new in a full status, and frees what stands there',
    status: { uncountedTerminatedPods: { succeeded: many(500), failed: [] } },
    pods: ['new', ...many(500)].map(uid => [uid, 'Succeeded']),
    released: 500,
    more: true,
    uncounted: [many(500), []],
  },
  {
    name: '500 indexes at once',
    spec: { completionMode: 'Indexed', completions: 501 },
    pods: many(501).map((uid, index) => [uid, 'Succeeded', index]),
    released: 500,
    more: true,
    uncounted: [[], []],
    completed: '0-499',
  },
  {
    name: 'each index once, and frees pods without one',
    spec: { completionMode: 'Indexed', completions: 4 },
    status: { completedIndexes: '0,7' },
    pods: [
      ['a', 'Succeeded', 0],
      ['b', 'Succeeded', 2],
      ['c', 'Succeeded', 2],
      ['d', 'Failed', 3],
      ['e', 'Failed', 9],
      ['f', 'Succeeded'],
    ],
    released: 6,
    uncounted: [[], ['d']],
    completed: '0,2',
  },
]
for (const { name, spec, status = {}, pods, verdict, deleted, released, more = false, uncounted, completed } of rows) {
  test(`planTracking() notes ${name}`, () => {
    const job = { ...newJob(spec), status }
    if (deleted) job.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    const owned: Pod[] = pods.map(([uid, phase, index]) => podOf(job, uid, phase, index))
    const plan = planTracking(job, status, countJob(job, owned, new Set()), verdict)
    assert.equal(plan.release.length, released)
    assert.equal(plan.more, more)
    assert.deepEqual(plan.status.uncountedTerminatedPods, { succeeded: uncounted[0], failed: uncounted[1] })
    assert.equal(plan.status.completedIndexes, completed)
  })
}

const failedPods: readonly { name: string; failures: readonly [uid: string, counted: number, endedAt: number][]; kept: string }[] = [
  {
    name: 'that was tried most often',
    failures: [
      ['a', 0, 3],
      ['b', 2, 1],
      ['c', 1, 2],
    ],
    kept: 'b',
  },
  {
    name: 'that ended last',
    failures: [
      ['a', 1, 2],
      ['b', 1, 3],
      ['c', 1, 1],
    ],
    kept: 'b',
  },
]
for (const { name, failures, kept } of failedPods) {
  test(`countJob() delays of several failed pods of an index the one ${name}`, () => {
    const job = newJob({ completionMode: 'Indexed', completions: 2, backoffLimitPerIndex: 4 })
    const owned = failures.map(([uid, counted, endedAt]) => {
      const pod = exited(jobPod(job, 0, { counted, ignored: 0 }), 1, endedAt * 1000)
      return { ...pod, metadata: { ...pod.metadata, uid } }
    })
    assert.equal(countJob(job, owned, new Set()).delayed.get(0)?.metadata.uid, kept)
  })
}

test('indexFailures() reads an int32 and nothing else', () => {
  const counts = ['2', '2147483647', '2147483648', '-1', 'xyz'].map(text => {
    const pod = jobPod(newJob(), undefined, undefined)
    return indexFailures({ ...pod, metadata: { annotations: { 'batch.kubernetes.io/job-index-failure-count': text } } }).counted
  })
  assert.deepEqual(counts, [2, 2_147_483_647, 0, 0, 0])
})

test('planTracking() keeps the last failed pod of an index that waits for its next try, for its count of failures', () => {
  const job = newJob({ completionMode: 'Indexed', completions: 2, backoffLimitPerIndex: 1 })
  const state = countJob(job, [podOf(job, 'a', 'Failed', 0), podOf(job, 'b', 'Succeeded', 1)], new Set())
  assert.deepEqual(
    planTracking(job, {}, state, undefined).release.map(({ metadata }) => metadata.uid),
    ['b'],
  )
})
