import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job, JobSpec } from '../../types/batch-v1.ts'
import type { Affinity } from '../../types/core-v1.ts'
import { fixtureTime, row, validateNew, validateUpdate } from '../core/new-object.fixture.ts'
import { job } from './job.ts'

const newJob = (spec: Partial<JobSpec> = {}): Job => ({
  metadata: { name: 'copy', namespace: 'shop', uid: 'uid-1' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'copy', image: 'copy:1', resources: {} }] } }, ...spec },
})

const withAffinity = (affinity: Affinity): JobSpec['template'] => ({
  spec: { restartPolicy: 'Never', containers: [{ name: 'copy', image: 'copy:1', resources: {} }], affinity },
})

test('job defaults its counts and selects its pods by uid', () => {
  const { object, errors } = validateNew(job, newJob())
  assert.deepEqual(errors, [])
  const { template, selector, ...spec } = object.spec
  assert.deepEqual(spec, {
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    manualSelector: false,
  })
  const labels = {
    'job-name': 'copy',
    'batch.kubernetes.io/job-name': 'copy',
    'controller-uid': 'uid-1',
    'batch.kubernetes.io/controller-uid': 'uid-1',
  }
  assert.deepEqual(template.metadata?.labels, labels)
  assert.deepEqual(object.metadata.labels, labels)
  assert.deepEqual(selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'uid-1' } })
})

test('job gets the labels of its template, including generated ones, unless it has its own', () => {
  const labelsOf = (metadata: Job['metadata']) => {
    const object = newJob({ ...newJob().spec, template: { ...newJob().spec.template, metadata: { labels: { a: 'b' } } } })
    return Object.keys(
      validateNew(job, { ...object, metadata: { namespace: 'default', uid: 'uid-1', ...metadata } }).object.metadata.labels ?? {},
    )
  }
  const generated = ['job-name', 'batch.kubernetes.io/job-name', 'controller-uid', 'batch.kubernetes.io/controller-uid']
  assert.deepEqual(labelsOf({ name: 'copy' }).toSorted(), ['a', ...generated].toSorted())
  assert.deepEqual(labelsOf({ generateName: 'copy-' }), ['a'])
  assert.deepEqual(labelsOf({ name: 'copy', labels: { a: 'b' } }), ['a'])
})

test('job with manualSelector keeps its own selector', () => {
  const spec = newJob().spec
  spec.template.metadata = { labels: { a: 'b' } }
  const { object, errors } = validateNew(job, newJob({ ...spec, manualSelector: true, selector: { matchLabels: { a: 'b' } } }))
  assert.deepEqual(errors, [])
  assert.deepEqual(object.spec.selector, { matchLabels: { a: 'b' } })
})

const never = newJob().spec.template
const refusals: { name: string; spec: Partial<JobSpec>; fields: string[] }[] = [
  { name: 'negative parallelism', spec: { parallelism: -1 }, fields: ['spec.parallelism'] },
  { name: 'an unknown completion mode', spec: { completionMode: 'Odd' }, fields: ['spec.completionMode'] },
  { name: 'an indexed job without completions', spec: { completionMode: 'Indexed', parallelism: 1 }, fields: ['spec.completions'] },
  { name: 'a limit per index of a job without indexes', spec: { backoffLimitPerIndex: 1 }, fields: ['spec.backoffLimitPerIndex'] },
  { name: 'a manager that is not a path', spec: { managedBy: 'me' }, fields: ['spec.managedBy'] },
  { name: 'a success policy without indexes', spec: { successPolicy: { rules: [{ succeededCount: 1 }] } }, fields: ['spec.successPolicy'] },
  {
    name: 'a policy rule that says nothing',
    spec: { podFailurePolicy: { rules: [{ action: 'FailJob' }] } },
    fields: ['spec.podFailurePolicy.rules[0]'],
  },
  {
    name: 'exit codes out of order, of an unknown container',
    spec: {
      podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { containerName: 'x', operator: 'In', values: [2, 1] } }] },
    },
    fields: ['spec.podFailurePolicy.rules[0].onExitCodes.containerName', 'spec.podFailurePolicy.rules[0].onExitCodes.values'],
  },
  {
    name: 'too much of everything, in the order of upstream',
    spec: { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, backoffLimitPerIndex: 1, maxFailedIndexes: 10_001 },
    fields: ['spec.parallelism', 'spec.maxFailedIndexes'],
  },
  {
    name: 'pods that restart for ever',
    spec: { template: { ...never, spec: { containers: never.spec?.containers ?? [], restartPolicy: 'Always' } } },
    fields: ['spec.template.spec.restartPolicy'],
  },
]
for (const { name, spec, fields } of refusals) {
  test(`job rejects ${name}`, () => assert.deepEqual(validateNew(job, newJob(spec)).fields, fields))
}

test('job reports the values of a policy as Go prints lists', () => {
  const rules = [
    { action: '', onExitCodes: { operator: '', values: [] } },
    { action: 'Ignore', onPodConditions: [{ type: 'A', status: '' }] },
  ]
  const path = 'spec.podFailurePolicy.rules[0]'
  assert.deepEqual(validateNew(job, newJob({ podFailurePolicy: { rules } })).errors, [
    `${path}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
    `${path}.onExitCodes.operator: Required value: valid values: ["In" "NotIn"]`,
    `${path}.onExitCodes.values: Invalid value: []int32{}: at least one value is required`,
  ])
})

test('job rejects labels of another job', () => {
  const spec = newJob().spec
  spec.template.metadata = { labels: { 'job-name': 'other' } }
  assert.deepEqual(validateNew(job, newJob(spec)).fields, ['spec.template.metadata.labels[job-name]'])
})

test('job keeps its template, except for the scheduling of a suspended one', () => {
  const running = validateNew(job, newJob()).object
  const move = ({ spec }: Job): void => {
    Object.assign(spec.template.spec ?? {}, { nodeSelector: { disk: 'ssd' } })
  }
  assert.deepEqual(validateUpdate(job, running, move).fields, ['spec.template'])
  const suspended = validateNew(job, newJob({ suspend: true })).object
  assert.deepEqual(validateUpdate(job, suspended, move).fields, [])
})

const changes: readonly { name: string; spec: Partial<JobSpec>; change(spec: JobSpec): void; fields: readonly string[] }[] = [
  {
    name: 'lets the node affinity of a suspended job change, but not what selects pods',
    spec: { suspend: true },
    change({ template }) {
      Object.assign(template.spec ?? {}, {
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
      })
    },
    fields: ['spec.template'],
  },
  {
    name: 'lets a suspended job be given a node affinity',
    spec: { suspend: true },
    change({ template }) {
      const terms = [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }]
      Object.assign(template.spec ?? {}, {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
      })
    },
    fields: [],
  },
  {
    name: 'lets a suspended job lose its node affinity, and the structure around it',
    spec: { suspend: true, template: withAffinity({ nodeAffinity: {} }) },
    change: ({ template }) => void delete template.spec?.affinity,
    fields: [],
  },
  {
    name: 'keeps what else is in that structure',
    spec: { suspend: true, template: withAffinity({ nodeAffinity: {}, podAffinity: {} }) },
    change: ({ template }) => void delete template.spec?.affinity,
    fields: ['spec.template'],
  },
  {
    name: 'keeps the completions of a job without indexes',
    spec: { completions: 2 },
    change: spec => void Object.assign(spec, { completions: 3, parallelism: 3 }),
    fields: ['spec.completions'],
  },
  {
    name: 'scales an indexed job as a whole',
    spec: { completionMode: 'Indexed', completions: 2, parallelism: 2 },
    change: spec => void Object.assign(spec, { completions: 3, parallelism: 3 }),
    fields: [],
  },
  {
    name: 'does not scale the completions of an indexed job alone',
    spec: { completionMode: 'Indexed', completions: 2, parallelism: 2 },
    change: spec => void Object.assign(spec, { completions: 3 }),
    fields: ['spec.completions'],
  },
  {
    name: 'keeps the labels by which it knows its pods',
    spec: {},
    change({ template }) {
      Object.assign(template.metadata?.labels ?? {}, { 'job-name': 'other' })
    },
    fields: ['spec.template.metadata.labels[job-name]', 'spec.template'],
  },
]
for (const { name, spec, change, fields } of changes) {
  test(`job ${name}`, () => {
    const old = validateNew(job, newJob(spec)).object
    assert.deepEqual(validateUpdate(job, old, object => change(object.spec)).fields, fields)
  })
}

test('job prints its state, completions and duration', () => {
  const { object } = validateNew(job, newJob())
  object.status = { startTime: '2025-12-31T23:59:00Z' }
  const running = row(job, object, fixtureTime)
  assert.deepEqual([running['Status'], running['Completions'], running['Duration']], ['Running', '0/1', '60s'])
  object.status = {
    ...object.status,
    succeeded: 1,
    completionTime: '2025-12-31T23:59:30Z',
    conditions: [{ type: 'Complete', status: 'True' }],
  }
  const done = row(job, object, fixtureTime)
  assert.deepEqual([done['Status'], done['Completions'], done['Duration']], ['Complete', '1/1', '30s'])
})

test('job prints the first of several conditions of a type', () => {
  const { object } = validateNew(job, newJob())
  object.status = {
    conditions: [
      { type: 'Suspended', status: 'False' },
      { type: 'Suspended', status: 'True' },
    ],
  }
  assert.equal(row(job, object)['Status'], 'Running')
})

test('job warns about more indexes than can be recorded', () => {
  const { object } = validateNew(job, newJob({ completionMode: 'Indexed', completions: 100_001, parallelism: 10_001 }))
  const text =
    'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail'
  assert.deepEqual(job.warnings?.(object, undefined), [text])
  object.spec.parallelism = 10_000
  assert.deepEqual(job.warnings?.(object, undefined), [])
})
