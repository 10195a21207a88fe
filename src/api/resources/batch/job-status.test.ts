import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatFieldError } from '../../field-error.ts'
import type { JobSpec, JobStatus } from '../../types/batch-v1.ts'
import { indexesOverlap } from './index-list.ts'
import { validateJobStatus } from './job-status.ts'

const started = '2026-01-01T00:00:00Z'
const ended = '2026-01-01T00:01:00Z'
const is = (...types: string[]): Pick<JobStatus, 'conditions'> => ({ conditions: types.map(type => ({ type, status: 'True' })) })
const complete: JobStatus = { startTime: started, completionTime: ended, ...is('SuccessCriteriaMet', 'Complete') }
const failed: JobStatus = { startTime: started, ...is('FailureTarget', 'Failed') }

interface Row {
  readonly name: string
  readonly status: JobStatus
  readonly old?: JobStatus
  readonly spec?: Partial<JobSpec>
  readonly errors: readonly string[]
}

const rows: readonly Row[] = [
  { name: 'a job that completes', status: complete, old: { startTime: started }, errors: [] },
  { name: 'a job that fails', status: failed, old: { startTime: started }, errors: [] },
  {
    name: 'complete and failed',
    status: { ...complete, ...is('Complete', 'Failed', 'FailureTarget') },
    errors: [
      'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
      'status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions',
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
  },
  {
    name: 'failed without the target',
    status: { startTime: started, ...is('Failed') },
    errors: ['status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
  },
  {
    name: 'a failed job that loses the target',
    status: { startTime: started, ...is('Failed') },
    old: failed,
    errors: ['status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition'],
  },
  {
    name: 'another failed index of a job that failed without the target',
    status: { startTime: started, failedIndexes: '1', ...is('Failed') },
    old: { startTime: started, failedIndexes: '0', ...is('Failed') },
    spec: { completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1 },
    errors: ['status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
  },
  {
    name: 'a complete job that loses its criteria',
    status: { ...complete, ...is('Complete') },
    old: complete,
    errors: [
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
    ],
  },
  {
    name: 'complete without its times',
    status: is('SuccessCriteriaMet', 'Complete'),
    errors: [
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.startTime: Required value: startTime is required for finished job',
    ],
  },
  {
    name: 'a suspended job without anything to do',
    status: { completionTime: ended, ...is('SuccessCriteriaMet', 'Complete') },
    spec: { suspend: true, completions: 0 },
    errors: [],
  },
  {
    name: 'an end before the start',
    status: { ...complete, completionTime: '2025-12-31T00:00:00Z' },
    errors: ['status.completionTime: Invalid value: 2025-12-31 00:00:00 +0000 UTC: completionTime cannot be set before startTime'],
  },
  {
    name: 'an end of a job that runs',
    status: { startTime: started, completionTime: ended },
    errors: [
      'status.completionTime: Invalid value: 2026-01-01 00:01:00 +0000 UTC: cannot set completionTime when there is no Complete=True condition',
    ],
  },
  {
    name: 'a finished job that still runs',
    status: { ...failed, active: 1, terminating: 1, uncountedTerminatedPods: { failed: ['u'] } },
    errors: [
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.uncountedTerminatedPods: Invalid value: batch.UncountedTerminatedPods{Succeeded:[]types.UID(nil), Failed:[]types.UID{"u"}}: uncountedTerminatedPods needs to be empty for finished job',
      'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
    ],
  },
  {
    name: 'what was reached and is taken back',
    status: { startTime: started, failed: 1 },
    old: { ...failed, failed: 2, succeeded: 3 },
    errors: [
      'status.conditions: Invalid value: cannot disable the terminal Failed=True condition',
      'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
      'status.failed: Invalid value: 1: cannot decrease the failed counter',
      'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
    ],
  },
  {
    name: 'an indexed job that is scaled down',
    status: { succeeded: 1 },
    old: { succeeded: 3 },
    spec: { completionMode: 'Indexed', completions: 1, parallelism: 1 },
    errors: [],
  },
  {
    name: 'a start that is taken back',
    status: {},
    old: { startTime: started },
    errors: ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
  },
  {
    name: 'a start that is changed',
    status: { startTime: ended },
    old: { startTime: started },
    errors: ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
  },
  { name: 'a start anew', status: { startTime: ended }, old: { startTime: started, ...is('Suspended') }, errors: [] },
  { name: 'a start that a suspended job loses', status: {}, old: { startTime: started }, spec: { suspend: true }, errors: [] },
  {
    name: 'more ready than active',
    status: { active: 1, ready: 2 },
    errors: ['status.ready: Invalid value: 2: cannot set more ready pods than active'],
  },
  { name: 'an old fault that nothing touches', status: { active: 1, ready: 2, failed: 1 }, old: { active: 1, ready: 2 }, errors: [] },
  {
    name: 'a pod counted twice',
    status: { uncountedTerminatedPods: { succeeded: ['a', ''], failed: ['a'] } },
    errors: [
      'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
      'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
    ],
  },
  {
    name: 'indexes of a job without them',
    status: { completedIndexes: '0', failedIndexes: '1' },
    spec: { completions: 3 },
    errors: [
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
      'status.failedIndexes: Invalid value: "1": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
    ],
  },
  {
    name: 'indexes beyond the last, and in both lists',
    status: { completedIndexes: '0-9', failedIndexes: '1' },
    spec: { completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1 },
    errors: ['status.completedIndexes: Invalid value: "0-9": error parsing completedIndexes: too large index: "9"'],
  },
  {
    name: 'indexes that are no numbers',
    status: { completedIndexes: '99999999999999999999', failedIndexes: '0-1-"' },
    spec: { completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1 },
    errors: [
      'status.completedIndexes: Invalid value: "99999999999999999999": error parsing completedIndexes: cannot convert string to integer for index: "99999999999999999999"',
      String.raw`status.failedIndexes: Invalid value: "0-1-\"": error parsing failedIndexes: the fragment "0-1-\"" violates the requirement that an index interval can have at most two parts separated by '-'`,
    ],
  },
  {
    name: 'a finished job with pods that end and with indexes, in the order of upstream',
    status: { ...failed, terminating: 1, completedIndexes: '0' },
    errors: [
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
      'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
    ],
  },
  {
    name: 'an index in both lists',
    status: { completedIndexes: '0-2', failedIndexes: '1' },
    spec: { completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1 },
    errors: ['status.failedIndexes: Invalid value: "1": failedIndexes and completedIndexes overlap at index: 1'],
  },
  {
    name: 'success by criteria that were not met',
    status: { startTime: started, completionTime: ended, ...is('Complete') },
    old: { startTime: started, completionTime: ended, ...is('Complete') },
    spec: { successPolicy: { rules: [] } },
    errors: ['status.conditions: Invalid value: cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'],
  },
]

describe('validateJobStatus()', () => {
  for (const { name, status, old = {}, spec = {}, errors } of rows) {
    test(name, () => {
      const job = { metadata: { name: 'j' }, spec: { template: { spec: { containers: [] } }, ...spec } }
      assert.deepEqual(validateJobStatus({ ...job, status }, { ...job, status: old }).map(formatFieldError), errors)
    })
  }
})

test('indexesOverlap() finds the first index of both lists', () => {
  assert.equal(indexesOverlap('0-2,5', '3-4,6', 10), undefined)
  assert.equal(indexesOverlap('0-2,5-7', '3,6-9', 10), 'failedIndexes and completedIndexes overlap at index: 6')
  assert.equal(indexesOverlap('x,4', '4', 10), 'failedIndexes and completedIndexes overlap at index: 4')
})
