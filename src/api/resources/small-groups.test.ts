import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiService } from './apiregistration/api-service.ts'
import { localSubjectAccessReview } from './authorization/local-subject-access-review.ts'
import { selfSubjectAccessReview } from './authorization/self-subject-access-review.ts'
import { subjectAccessReview } from './authorization/subject-access-review.ts'
import { lease } from './coordination/lease.ts'
import { row, validateNew, validateUpdate } from './core/new-object.fixture.ts'
import { endpointSlice } from './discovery/endpoint-slice.ts'
import { flowSchema } from './flowcontrol/flow-schema.ts'
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts'
import { runtimeClass } from './node/runtime-class.ts'
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts'
import { priorityClass } from './scheduling/priority-class.ts'

const metadata = { name: 'x' }

test('lease validates its counts and drops the alpha fields of coordinated election', () => {
  const { object, fields } = validateNew(lease, {
    metadata,
    spec: { leaseDurationSeconds: 0, leaseTransitions: -1, strategy: 'OldestEmulationVersion' },
  })
  assert.deepEqual(fields, ['spec.leaseDurationSeconds', 'spec.leaseTransitions'])
  assert.equal(object.spec?.strategy, undefined)
  assert.equal(lease.allowCreateOnUpdate, true)
})

test('priorityClass reserves the highest priorities and the system- names', () => {
  assert.deepEqual(validateNew(priorityClass, { metadata, value: 1_000_000_000 }).fields, [])
  assert.deepEqual(validateNew(priorityClass, { metadata, value: 1_000_000_001 }).fields, ['value'])
  assert.deepEqual(validateNew(priorityClass, { metadata: { name: 'system-mine' }, value: 1 }).fields, ['metadata.name'])
  assert.deepEqual(validateNew(priorityClass, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 }).fields, [])
  const old = validateNew(priorityClass, { metadata, value: 1 }).object
  assert.equal(old.preemptionPolicy, 'PreemptLowerPriority')
  assert.deepEqual(validateUpdate(priorityClass, old, next => Object.assign(next, { value: 2 })).fields, ['value'])
})

test('runtimeClass may be created by an update, as few kinds in upstream', () => {
  assert.equal(runtimeClass.allowCreateOnUpdate, true)
})

test('runtimeClass validates its handler and its scheduling', () => {
  const scheduling = { nodeSelector: { a: '-' }, tolerations: [{ operator: 'Near', key: 'a' }] }
  const { fields } = validateNew(runtimeClass, { metadata, handler: 'Kata!', scheduling })
  assert.deepEqual(fields, ['handler', 'scheduling.nodeSelector', 'scheduling.tolerations.tolerations[0].operator'])
})

test('podDisruptionBudget accepts one of two limits', () => {
  const validate = (spec: object) => validateNew(podDisruptionBudget, { metadata, spec }).fields
  assert.deepEqual(validate({ minAvailable: '50%' }), [])
  assert.deepEqual(validate({ minAvailable: 1, maxUnavailable: 1 }), ['spec'])
  assert.deepEqual(validate({ minAvailable: '101%' }), ['spec.minAvailable'])
  assert.deepEqual(validate({ maxUnavailable: -1, unhealthyPodEvictionPolicy: 'Odd' }), [
    'spec.maxUnavailable',
    'spec.unhealthyPodEvictionPolicy',
  ])
  assert.equal(row(podDisruptionBudget, { metadata, spec: { minAvailable: 2 } })['Max Unavailable'], 'N/A')
})

test('endpointSlice defaults its ports and validates addresses by type', () => {
  const { object, errors } = validateNew(endpointSlice, {
    metadata,
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ port: 80 }],
  })
  assert.deepEqual(errors, [])
  assert.deepEqual(object.ports, [{ port: 80, name: '', protocol: 'TCP' }])
  const wrong = { metadata, addressType: 'IPv6', endpoints: [{ addresses: ['192.0.2.1'] }, { addresses: [] }], ports: [{}, {}] }
  assert.deepEqual(validateNew(endpointSlice, wrong).fields, ['ports[1].name', 'endpoints[0].addresses[0]', 'endpoints[1].addresses'])
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']
  assert.equal(
    row(endpointSlice, { metadata, addressType: 'IPv4', endpoints: [{ addresses }], ports: null })['Endpoints'],
    '192.0.2.1,192.0.2.2,192.0.2.3 + 1 more...',
  )
})

test('apiService is named after its version and group', () => {
  const spec = { group: 'a.io', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, service: { name: 's', namespace: 'n' } }
  assert.deepEqual(validateNew(apiService, { metadata: { name: 'v1.a.io' }, spec }).fields, [])
  assert.deepEqual(validateNew(apiService, { metadata: { name: 'v2.a.io' }, spec }).fields, ['metadata.name'])
  const both = { ...spec, insecureSkipTLSVerify: true, caBundle: 'eA==' }
  assert.deepEqual(validateNew(apiService, { metadata: { name: 'v1.a.io' }, spec: both }).errors, [
    'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
  ])
  // Invalid as a name: the metadata rules report it.
  assert.deepEqual(validateNew(apiService, { metadata: { name: 'v1%a.io' }, spec }).errors, [])
})

test('flowSchema validates precedence, subjects and rules', () => {
  const level = { priorityLevelConfiguration: { name: 'global-default' } }
  assert.equal(validateNew(flowSchema, { metadata, spec: { ...level, matchingPrecedence: 0 } }).object.spec.matchingPrecedence, 1000)
  const rules = [{ subjects: [{ kind: 'User' }], nonResourceRules: [{ verbs: ['fly'], nonResourceURLs: ['x'] }] }]
  assert.deepEqual(validateNew(flowSchema, { metadata, spec: { ...level, matchingPrecedence: 1, rules } }).fields, [
    'spec.matchingPrecedence',
    'spec.rules[0].subjects[0].user',
    'spec.rules[0].nonResourceRules[0].verbs',
    'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]',
  ])
})

test('priorityLevelConfiguration defaults its queues and rejects impossible hands', () => {
  const queuing = { queues: 0, handSize: 0, queueLengthLimit: 0 }
  const { object, errors } = validateNew(priorityLevelConfiguration, {
    metadata,
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing } } },
  })
  assert.deepEqual(errors, [])
  assert.deepEqual(object.spec.limited?.limitResponse?.queuing, { queues: 64, handSize: 8, queueLengthLimit: 50 })
  const wide = { ...queuing, queues: 1024, handSize: 8 }
  assert.deepEqual(
    validateNew(priorityLevelConfiguration, {
      metadata,
      spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: wide } } },
    }).fields,
    ['spec.limited.limitResponse.queuing.handSize'],
  )
  assert.deepEqual(validateNew(priorityLevelConfiguration, { metadata, spec: { type: 'Exempt' } }).fields, ['spec.type'])
})

test('access reviews have one set of attributes, a subject, and no metadata', () => {
  const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'shop' }
  assert.deepEqual(validateNew(subjectAccessReview, { metadata: {}, spec: { user: 'ada', resourceAttributes } }).fields, [])
  assert.deepEqual(validateNew(subjectAccessReview, { metadata, spec: {} }).fields, ['spec.resourceAttributes', 'spec.user', 'metadata'])
  assert.deepEqual(validateNew(selfSubjectAccessReview, { metadata: {}, spec: { resourceAttributes, nonResourceAttributes: {} } }).fields, [
    'spec.nonResourceAttributes',
  ])
  const local = { metadata: { namespace: 'other' }, spec: { user: 'ada', resourceAttributes } }
  assert.deepEqual(validateNew(localSubjectAccessReview, local).fields, ['spec.resourceAttributes.namespace'])
})
