import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobSpec } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { exited, newJob, podOf } from './job.fixture.ts'
import { noFailures, recordFinished, remainingBackoff } from './job-backoff.ts'
import { formatIndexes, parseIndexes } from './job-indexes.ts'
import { planJob } from './job-plan.ts'
import { jobPod } from './job-pods.ts'
import { countJob } from './job-state.ts'
import { completed, decide } from './job-verdict.ts'

const now = Date.UTC(2026, 0, 1)
const indexed: Partial<JobSpec> = { completionMode: 'Indexed', completions: 4, parallelism: 2 }

const plans: readonly {
  name: string
  spec: Partial<JobSpec>
  pods: [name: string, phase: string, index?: number][]
  create: readonly (number | undefined)[]
  remove?: readonly string[]
}[] = [
  { name: 'creates up to parallelism', spec: { parallelism: 2, completions: 5 }, pods: [], create: [undefined, undefined] },
  {
    name: 'creates no more than is left',
    spec: { parallelism: 2, completions: 3 },
    pods: [
      ['a', 'Succeeded'],
      ['b', 'Succeeded'],
    ],
    create: [undefined],
  },
  {
    name: 'counts running pods',
    spec: { parallelism: 2, completions: 5 },
    pods: [
      ['a', 'Running'],
      ['b', 'Pending'],
    ],
    create: [],
  },
  {
    name: 'removes surplus, pending first',
    spec: { parallelism: 1, completions: 5 },
    pods: [
      ['a', 'Running'],
      ['b', 'Pending'],
    ],
    create: [],
    remove: ['b'],
  },
  {
    name: 'a work queue with a success starts none',
    spec: { parallelism: 3, completions: undefined },
    pods: [['a', 'Succeeded']],
    create: [],
  },
  { name: 'suspended removes all', spec: { suspend: true, parallelism: 2 }, pods: [['a', 'Running']], create: [], remove: ['a'] },
  {
    name: 'indexes are taken in order',
    spec: indexed,
    pods: [
      ['a', 'Succeeded', 0],
      ['b', 'Running', 2],
    ],
    create: [1],
  },
  {
    name: 'a second pod of an index goes',
    spec: indexed,
    pods: [
      ['a', 'Running', 0],
      ['b', 'Pending', 0],
    ],
    create: [],
    remove: ['b'],
  },
  { name: 'an index beyond completions goes', spec: indexed, pods: [['a', 'Running', 7]], create: [], remove: ['a'] },
]

for (const { name, spec, pods, create, remove = [] } of plans) {
  test(`planJob() ${name}`, () => {
    const job = newJob(spec)
    const owned = pods.map(([pod, phase, index]) => podOf(job, pod, phase, index))
    const plan = planJob(job, countJob(job, owned, new Set()), noFailures, now)
    assert.deepEqual(
      plan.create.map(({ index }) => index),
      create,
    )
    assert.deepEqual(
      plan.remove.map(({ metadata }) => metadata.name),
      remove,
    )
  })
}

test('planJob() waits 10 s after a failure, twice as long after the next, and not after a success', () => {
  const job = newJob()
  const failed = (name: string, at: number) => exited(podOf(job, name, 'Failed'), 1, at)
  const one = recordFinished(noFailures, [], [failed('a', now)])
  assert.equal(planJob(job, countJob(job, [], new Set()), one, now).waitMs, 10_000)
  const two = recordFinished(one, [], [failed('b', now + 1000)])
  assert.equal(remainingBackoff(two, now + 1000), 20_000)
  const after = recordFinished(two, [exited(podOf(job, 'c', 'Succeeded'), 0, now + 2000)], [])
  assert.equal(remainingBackoff(after, now + 2000), 0)
})

test('planJob() with backoffLimitPerIndex retries each index by itself and gives up on one', () => {
  const job = newJob({ ...indexed, backoffLimitPerIndex: 1, backoffLimit: 100 })
  const first = exited(podOf(job, 'a', 'Failed', 0), 1, now)
  const state = countJob(job, [first], new Set())
  assert.deepEqual([...state.failedIndexes], [])
  // One of two places is kept for the index that waits.
  assert.deepEqual(
    planJob(job, state, noFailures, now).create.map(({ index }) => index),
    [1],
  )
  const later = planJob(job, state, noFailures, now + 10_000)
  assert.deepEqual(later.create[0], { index: 0, failures: { counted: 1, ignored: 0 } })
  const secondTry: Pod = { ...jobPod(job, 0, { counted: 1, ignored: 0 }), status: first.status ?? {} }
  secondTry.metadata.uid = 'second'
  assert.deepEqual([...countJob(job, [secondTry], new Set()).failedIndexes], [0])
})

test('countJob() takes no failure of a pod without a usable index for one of the job', () => {
  const job = newJob(indexed)
  assert.equal(countJob(job, [podOf(job, 'a', 'Failed', 9), podOf(job, 'b', 'Failed', 1)], new Set()).failed, 1)
})

test('completed() waits for pods that could not be deleted', () => {
  const job = newJob({ completions: 2 })
  assert.deepEqual([completed(job, 2, 1)?.reason, completed(job, 2, 0)?.reason], [undefined, 'CompletionsReached'])
})

const verdicts: readonly {
  name: string
  spec: Partial<JobSpec>
  pods: (job: ReturnType<typeof newJob>) => Pod[]
  reason: string | undefined
}[] = [
  { name: 'goes on below the limit', spec: { backoffLimit: 1 }, pods: job => [podOf(job, 'a', 'Failed')], reason: undefined },
  { name: 'ends beyond the limit', spec: { backoffLimit: 0 }, pods: job => [podOf(job, 'a', 'Failed')], reason: 'BackoffLimitExceeded' },
  {
    name: 'ignores what the policy ignores',
    spec: { backoffLimit: 0, podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [3] } }] } },
    pods: job => [exited(podOf(job, 'a', 'Failed'), 3, now)],
    reason: undefined,
  },
  {
    name: 'fails by the policy',
    spec: { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [3] } }] } },
    pods: job => [exited(podOf(job, 'a', 'Failed'), 4, now)],
    reason: 'PodFailurePolicy',
  },
  {
    name: 'fails with too many failed indexes',
    spec: { ...indexed, backoffLimit: 100, backoffLimitPerIndex: 0, maxFailedIndexes: 0 },
    pods: job => [podOf(job, 'a', 'Failed', 1)],
    reason: 'MaxFailedIndexesExceeded',
  },
  {
    name: 'fails when every index ended and some failed',
    spec: { ...indexed, completions: 2, backoffLimit: 100, backoffLimitPerIndex: 0 },
    pods: job => [podOf(job, 'a', 'Failed', 1), podOf(job, 'b', 'Succeeded', 0)],
    reason: 'FailedIndexes',
  },
  {
    name: 'succeeds by the success policy',
    spec: { ...indexed, successPolicy: { rules: [{ succeededIndexes: '2-3', succeededCount: 1 }] } },
    pods: job => [podOf(job, 'a', 'Succeeded', 3)],
    reason: 'SuccessPolicy',
  },
]

for (const { name, spec, pods, reason } of verdicts) {
  test(`decide() ${name}`, () => {
    const job = newJob(spec)
    assert.equal(decide(job, countJob(job, pods(job), new Set()), now)?.reason, reason)
  })
}

test('decide() ends a job at its deadline, counted from its start', () => {
  const job = { ...newJob({ activeDeadlineSeconds: 10 }), status: { startTime: new Date(now).toISOString() } }
  const state = countJob(job, [], new Set())
  assert.equal(decide(job, state, now + 9_999), undefined)
  assert.equal(decide(job, state, now + 10_000)?.reason, 'DeadlineExceeded')
})

test('decide() does not count the time in which a job was suspended', () => {
  const conditions = [{ type: 'Suspended', status: 'True' }]
  const job = { ...newJob({ activeDeadlineSeconds: 10 }), status: { startTime: new Date(now).toISOString(), conditions } }
  assert.equal(decide(job, countJob(job, [], new Set()), now + 20_000), undefined)
})

test('decide() reports which container matched which rule', () => {
  const job = newJob({ podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] } })
  const verdict = decide(job, countJob(job, [exited(podOf(job, 'a', 'Failed'), 42, now)], new Set()), now)
  assert.equal(verdict?.message, 'Container c for pod ns/a failed with exit code 42 matching FailJob rule at index 0')
})

test('indexes are read and written as 0,1 and 3-5, and nonsense in a status is left out', () => {
  assert.equal(formatIndexes(new Set([5, 1, 0, 4, 3, 7])), '0,1,3-5,7')
  assert.deepEqual([...parseIndexes('0,1,3-5,x,9-99999999999,4000000000', 6)].sort(), [0, 1, 3, 4, 5])
})

test('jobPod() of an index has its name, label and variable', () => {
  const pod = jobPod(newJob(indexed), 3, undefined)
  assert.equal(pod.metadata.generateName, 'j-3-')
  assert.equal(pod.spec.hostname, 'j-3')
  assert.equal(pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'], '3')
  assert.deepEqual(pod.spec.containers[0]?.env?.[0]?.name, 'JOB_COMPLETION_INDEX')
})

test('jobPod() of an index keeps it in the name of its pod, however long that of the job is', () => {
  const job = newJob(indexed)
  job.metadata.name = 'a'.repeat(61)
  const pod = jobPod(job, 3, undefined)
  assert.equal(pod.metadata.generateName, `${'a'.repeat(55)}-3-`)
  assert.equal(pod.spec.hostname, `${'a'.repeat(61)}-3`)
})
