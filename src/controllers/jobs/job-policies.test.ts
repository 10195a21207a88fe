import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobSpec, PodFailurePolicyRule, SuccessPolicyRule } from '../../api/types/batch-v1.ts'
import type { ContainerStatus, Pod } from '../../api/types/core-v1.ts'
import { exited, newJob, podOf } from './job.fixture.ts'
import { type BackoffRecord, finishTime, noFailures, recordFinished, remainingBackoff } from './job-backoff.ts'
import { countsAsFailure, failJobMessage, matchFailurePolicy } from './job-failure.ts'
import { parseIndexes } from './job-indexes.ts'
import { planJob } from './job-plan.ts'
import { jobPod } from './job-pods.ts'
import { countJob } from './job-state.ts'
import { decide } from './job-verdict.ts'

const now = Date.UTC(2026, 0, 1)
const indexed: Partial<JobSpec> = { completionMode: 'Indexed', completions: 10, parallelism: 10 }

const codes = (action: string, operator: string, values: number[], containerName?: string): PodFailurePolicyRule => ({
  action,
  onExitCodes: { operator, values, ...(containerName === undefined ? {} : { containerName }) },
})
const condition = (action: string, type: string, status = 'True'): PodFailurePolicyRule => ({ action, onPodConditions: [{ type, status }] })
const container = (name: string, exitCode?: number): ContainerStatus => ({
  name,
  ready: false,
  restartCount: 0,
  image: 'i',
  imageID: '',
  ...(exitCode === undefined ? {} : { state: { terminated: { exitCode } } }),
})
interface Ended {
  readonly containers?: ContainerStatus[]
  readonly init?: ContainerStatus[]
  readonly disruption?: string
}
const failures: readonly {
  name: string
  rules: PodFailurePolicyRule[] | undefined
  pod: Ended
  action?: string
  counts: boolean
  message?: string
}[] = [
  { name: 'no policy', rules: undefined, pod: { containers: [container('c', 2)] }, counts: true },
  {
    name: 'an exit code to ignore',
    rules: [codes('Ignore', 'In', [1, 2, 3])],
    pod: { containers: [container('c', 2)] },
    action: 'Ignore',
    counts: false,
  },
  {
    name: 'a negative exit code to ignore',
    rules: [codes('Ignore', 'In', [-1073741676, -1073741510])],
    pod: { containers: [container('c', -1073741510)] },
    action: 'Ignore',
    counts: false,
  },
  {
    name: 'an exit code that fails the job',
    rules: [codes('FailJob', 'In', [1, 2, 3])],
    pod: { containers: [container('c', 2)] },
    action: 'FailJob',
    counts: true,
    message: 'Container c for pod ns/a failed with exit code 2 matching FailJob rule at index 0',
  },
  {
    name: 'containers that succeeded by no rule',
    rules: [codes('FailJob', 'NotIn', [111])],
    pod: { init: [container('i', 0)], containers: [container('c', 111), container('d', 0)] },
    counts: true,
  },
  {
    name: 'what is not 0, of an init container too',
    rules: [codes('FailJob', 'NotIn', [0])],
    pod: { init: [container('i', 3)], containers: [container('c')] },
    action: 'FailJob',
    counts: true,
    message: 'Container i for pod ns/a failed with exit code 3 matching FailJob rule at index 0',
  },
  {
    name: 'an exit code that fails the index',
    rules: [codes('FailIndex', 'In', [2])],
    pod: { containers: [container('c', 2)] },
    action: 'FailIndex',
    counts: true,
  },
  {
    name: 'the second rule',
    rules: [codes('Count', 'In', [1, 2, 3]), codes('FailJob', 'In', [4, 5, 6])],
    pod: { containers: [container('c', 6)] },
    action: 'FailJob',
    counts: true,
    message: 'Container c for pod ns/a failed with exit code 6 matching FailJob rule at index 1',
  },
  {
    name: 'the first of two rules',
    rules: [codes('Count', 'In', [2]), codes('FailJob', 'In', [2])],
    pod: { containers: [container('c'), container('d', 2)] },
    action: 'Count',
    counts: true,
  },
  {
    name: 'another container than the one that is named',
    rules: [codes('Ignore', 'In', [2], 'd')],
    pod: { containers: [container('c', 2), container('d', 1)] },
    counts: true,
  },
  {
    name: 'a condition to ignore',
    rules: [condition('Ignore', 'DisruptionTarget')],
    pod: { disruption: 'True' },
    action: 'Ignore',
    counts: false,
  },
  {
    name: 'a condition that is False',
    rules: [condition('Ignore', 'DisruptionTarget', 'False')],
    pod: { disruption: 'False' },
    action: 'Ignore',
    counts: false,
  },
  {
    name: 'a condition that is not as asked',
    rules: [condition('Ignore', 'DisruptionTarget', 'Unknown')],
    pod: { disruption: 'True' },
    counts: true,
  },
  {
    name: 'a condition that fails the job',
    rules: [condition('FailJob', 'DisruptionTarget')],
    pod: { disruption: 'True' },
    action: 'FailJob',
    counts: true,
    message: 'Pod ns/a has condition DisruptionTarget matching FailJob rule at index 0',
  },
]
for (const { name, rules, pod, action, counts, message } of failures) {
  test(`podFailurePolicy validates ${name}`, () => {
    const job = newJob({ ...indexed, backoffLimitPerIndex: 1, ...(rules === undefined ? {} : { podFailurePolicy: { rules } }) })
    const { containers = [], init = [], disruption } = pod
    const conditions = disruption === undefined ? [] : [{ type: 'DisruptionTarget', status: disruption }]
    const failed: Pod = {
      ...podOf(job, 'a', 'Failed', 0),
      status: { phase: 'Failed', containerStatuses: containers, initContainerStatuses: init, conditions },
    }
    assert.equal(matchFailurePolicy(job, failed)?.action, action)
    assert.equal(countsAsFailure(job, failed), counts)
    assert.equal(failJobMessage(job, [failed]), message)
  })
}

const successes: readonly { name: string; rules: SuccessPolicyRule[]; succeeded: string; met: string | undefined }[] = [
  { name: 'no rule', rules: [], succeeded: '0', met: undefined },
  { name: 'nonsense', rules: [{ succeededIndexes: 'invalid-form' }], succeeded: '0', met: undefined },
  { name: 'no index', rules: [{ succeededIndexes: '' }], succeeded: '', met: undefined },
  { name: 'no index, though some succeeded', rules: [{ succeededIndexes: '' }], succeeded: '1-3', met: undefined },
  { name: 'indexes beyond completions', rules: [{ succeededIndexes: '10-12,14-16' }], succeeded: '1-3,5-7', met: undefined },
  { name: 'all that are named', rules: [{ succeededIndexes: '0-2' }], succeeded: '0-2,4-7', met: '0' },
  { name: 'one that did not succeed', rules: [{ succeededIndexes: '3' }], succeeded: '0-2', met: undefined },
  { name: 'the required count', rules: [{ succeededCount: 2 }], succeeded: '0-2', met: '0' },
  { name: 'too few', rules: [{ succeededCount: 4 }], succeeded: '0-2', met: undefined },
  { name: 'the second rule', rules: [{ succeededIndexes: '9' }, { succeededIndexes: '4,6' }], succeeded: '0-2,4-7', met: '1' },
  { name: 'the first of two', rules: [{ succeededIndexes: '0,1' }, { succeededIndexes: '5' }], succeeded: '0-2,4-7', met: '0' },
  { name: 'enough of those named', rules: [{ succeededIndexes: '3-6', succeededCount: 2 }], succeeded: '0-2,4-7', met: '0' },
  { name: 'too few of those named', rules: [{ succeededIndexes: '3-6', succeededCount: 2 }], succeeded: '0-2,6-7', met: undefined },
  { name: 'those of several runs', rules: [{ succeededIndexes: '2-4,6-8' }], succeeded: '1-5,6-9', met: '0' },
  { name: 'one missing at the start', rules: [{ succeededIndexes: '1-3,5-7' }], succeeded: '2-4,6-8', met: undefined },
  { name: 'enough, one missing at the start', rules: [{ succeededIndexes: '1-3,5-7', succeededCount: 4 }], succeeded: '2-4,6-8', met: '0' },
  { name: 'one missing at the end', rules: [{ succeededIndexes: '2-4,6-9' }], succeeded: '1-3,5-7', met: undefined },
  { name: 'enough of what reaches beyond', rules: [{ succeededIndexes: '0-6,8-9', succeededCount: 7 }], succeeded: '1-3,5-9', met: '0' },
]
for (const { name, rules, succeeded, met } of successes) {
  test(`successPolicy validates ${name}`, () => {
    const job = { ...newJob({ ...indexed, successPolicy: { rules } }), status: { completedIndexes: succeeded } }
    const verdict = decide(job, countJob(job, [], new Set()), now)
    assert.equal(verdict?.message, met && `Matched rules at index ${met}`)
    assert.equal(verdict?.reason, met && 'SuccessPolicy')
  })
}

const job = newJob()
const succeededAt = (at: number) => exited(podOf(job, 's', 'Succeeded'), 0, now + at)
const failedAt = (at: number) => exited(podOf(job, 'f', 'Failed'), 1, now + at)
const records: readonly {
  name: string
  before?: BackoffRecord
  succeeded: number[]
  failed: number[]
  after: readonly [failures: number, last?: number]
}[] = [
  { name: 'one failure', succeeded: [], failed: [0], after: [1, 0] },
  { name: 'two failures', succeeded: [], failed: [0, -1], after: [2, 0] },
  { name: 'failures before a success', succeeded: [0], failed: [-2, -1], after: [0] },
  { name: 'failures around a success', succeeded: [-2], failed: [0, -4, -3, -1], after: [2, 0] },
  { name: 'a failure after others', before: { failures: 2, lastFailure: now - 9 }, succeeded: [], failed: [0], after: [3, 0] },
  { name: 'a failure and a success at once', succeeded: [0], failed: [0], after: [0] },
  { name: 'nothing', succeeded: [], failed: [], after: [0] },
  { name: 'a success', before: { failures: 2, lastFailure: now - 9 }, succeeded: [0], failed: [], after: [0] },
]
for (const { name, before = noFailures, succeeded, failed, after } of records) {
  test(`recordFinished() of ${name}`, () => {
    const { failures, lastFailure } = recordFinished(before, succeeded.map(succeededAt), failed.map(failedAt))
    assert.equal(failures, after[0])
    if (failures > 0) assert.equal(lastFailure - now, after[1])
  })
}

test('remainingBackoff() doubles from 10 s to 10 min', () => {
  const waits = [0, 1, 3, 6, 7, 40].map(failures => remainingBackoff({ failures, lastFailure: now }, now))
  assert.deepEqual(waits, [0, 10_000, 40_000, 320_000, 600_000, 600_000])
  assert.deepEqual(
    [9_000, 10_000, 11_000].map(later => remainingBackoff({ failures: 1, lastFailure: now }, now + later)),
    [1_000, 0, 0],
  )
})

const time = (seconds: number) => new Date(now + seconds * 1000).toISOString()
const endedAt = (name: string, seconds: number): ContainerStatus => ({
  ...container(name, 1),
  state: { terminated: { exitCode: 1, finishedAt: time(seconds) } },
})
const running = container('r')
const ends: readonly { name: string; metadata?: Pod['metadata']; status: Pod['status']; sidecar?: true; at: number }[] = [
  { name: 'the last container', status: { containerStatuses: [endedAt('a', -1), endedAt('b', 0), endedAt('c', -2)] }, at: 0 },
  {
    name: 'a sidecar after it',
    status: { containerStatuses: [endedAt('c', -1)], initContainerStatuses: [endedAt('side', 0)] },
    sidecar: true,
    at: 0,
  },
  {
    name: 'an init container before it',
    status: { containerStatuses: [endedAt('c', -1)], initContainerStatuses: [endedAt('side', 0)] },
    at: -1,
  },
  { name: 'a deletion', metadata: { deletionTimestamp: time(0) }, status: { containerStatuses: [endedAt('a', -1), running] }, at: 0 },
  {
    name: 'a deletion with its grace',
    metadata: { deletionTimestamp: time(0), deletionGracePeriodSeconds: 30 },
    status: { containerStatuses: [running] },
    at: -30,
  },
  { name: 'readiness that ended', status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: time(0) }] }, at: 0 },
  {
    name: 'no readiness that lasts',
    metadata: { deletionTimestamp: time(0) },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time(-30) }] },
    at: 0,
  },
  { name: 'its creation', metadata: { creationTimestamp: time(0) }, status: { containerStatuses: [container('c', 1)] }, at: 0 },
]
for (const { name, metadata = {}, status, sidecar, at } of ends) {
  test(`finishTime() is that of ${name}`, () => {
    const initContainers = [{ name: 'side', image: 'i', ...(sidecar ? { restartPolicy: 'Always' } : {}) }]
    assert.equal(finishTime({ metadata, spec: { containers: [], initContainers }, status: status ?? {} }) - now, at * 1000)
  })
}

test('planJob() retries an index whose pod has no exit information', () => {
  const perIndex = newJob({ ...indexed, completions: 1, backoffLimitPerIndex: 3 })
  const pod: Pod = { ...jobPod(perIndex, 0, { counted: 0, ignored: 0 }), status: { phase: 'Failed' } }
  pod.metadata.creationTimestamp = time(0)
  const plan = (later: number) => planJob(perIndex, countJob(perIndex, [pod], new Set()), noFailures, now + later)
  assert.deepEqual([plan(9_000).waitMs, plan(9_000).create.length, plan(10_000).create.length], [1_000, 0, 1])
})

const texts: readonly [text: string, completions: number, indexes: readonly number[]][] = [
  ['', 5, []],
  ['1', 5, [1]],
  ['1,3', 5, [1, 3]],
  ['0-2', 5, [0, 1, 2]],
  ['2-9', 5, [2, 3, 4]],
  ['7,8', 5, []],
]
for (const [text, completions, indexes] of texts) {
  test(`parseIndexes() of "${text}"`, () => assert.deepEqual([...parseIndexes(text, completions)], indexes))
}
