import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../../access/audit/audit-event.ts'
import { patchAnnotation, refusedByAnnotation } from '../../../admission/admission.ts'
import { leftOutOf } from '../../../api/data-classes/data-class.ts'
import { explainEvent, type Step } from './explanation.ts'

const event = (code: number, annotations: Record<string, string> = {}, more: Partial<AuditEvent> = {}): AuditEvent => ({
  ...{ level: 'Metadata', auditID: 'id', stage: 'ResponseComplete', requestURI: '/api/v1/namespaces/a/pods?x=y', verb: 'create' },
  ...{ user: { username: 'ann', groups: ['dev'] }, sourceIPs: [], requestReceivedTimestamp: 't', stageTimestamp: 't' },
  objectRef: { resource: 'pods', namespace: 'a', apiVersion: 'v1' },
  responseStatus: { code },
  annotations,
  ...more,
})

const steps: readonly { readonly name: string; readonly event: AuditEvent; readonly by: Step | undefined }[] = [
  { name: 'an allowed request', event: event(201, { 'authorization.k8s.io/decision': 'allow' }), by: undefined },
  { name: 'no identity', event: event(401), by: 'authentication' },
  { name: 'no right', event: event(403, { 'authorization.k8s.io/decision': 'forbid' }), by: 'authorization' },
  {
    name: 'a plug-in behind an authorizer that allowed',
    event: event(403, { 'authorization.k8s.io/decision': 'allow', 'admission.bulkhead.dev/refused-by': 'PodSecurity' }),
    by: 'admission',
  },
  { name: 'a plug-in that answers 422', event: event(422, { 'admission.bulkhead.dev/refused-by': 'Priority' }), by: 'admission' },
  { name: 'fields', event: event(422), by: 'validation' },
  { name: 'a stale version', event: event(409), by: 'conflict' },
  { name: 'no seat', event: event(429, { 'flow-control.bulkhead.dev/refused': 'too many' }), by: 'flow-control' },
  { name: 'a disruption budget', event: event(429), by: 'request' },
  { name: 'a missing object', event: event(404), by: 'request' },
  { name: 'a failure of the server', event: event(500), by: 'server' },
]
for (const { name, event: given, by } of steps) {
  test(`explainEvent() and ${name}`, () => {
    const { refusedBy, allowed } = explainEvent(given, 'requester')
    assert.equal(refusedBy, by)
    assert.equal(allowed, by === undefined)
  })
}

test('explainEvent() shows other users no text that may contain a value of a Secret', () => {
  const details = { causes: [{ reason: 'FieldValueInvalid', message: 'Invalid value: "hunter2"', field: 'data[x]' }] }
  const responseStatus = { reason: 'Invalid', message: 'Secret "s" is invalid: data[x]: Invalid value: "hunter2"', details, code: 422 }
  const secret = event(422, {}, { objectRef: { resource: 'secrets', namespace: 'a', apiVersion: 'v1' }, responseStatus })
  const explanation = explainEvent(secret, 'others')
  assert.deepEqual(explanation.fields, [{ reason: 'FieldValueInvalid', field: 'data[x]' }])
  assert.doesNotMatch(JSON.stringify(explanation), /hunter2/)
  assert.match(JSON.stringify(explainEvent(secret, 'requester')), /hunter2/)
  const forbidden = {
    ...secret,
    annotations: { 'authorization.k8s.io/decision': 'forbid' },
    responseStatus: { message: 'no right', code: 403 },
  }
  assert.equal(explainEvent(forbidden, 'others').answer?.message, 'no right')
})

test('explainEvent() shows a path without its query', () => {
  const { objectRef: _, ...path } = event(403, {}, { requestURI: '/metrics?token=x', verb: 'get' })
  assert.deepEqual(explainEvent(path, 'requester').request, { verb: 'get', path: '/metrics' })
})

test('explainEvent() names the policies that changed the object, of both rounds', () => {
  const by = (policy: string) => ({ policy, binding: 'all' })
  const name = 'admission.bulkhead.dev/mutated-by'
  const given = { [`${name}.round_1`]: JSON.stringify([by('a')]), [`${name}.round_0`]: JSON.stringify([by('a'), by('b')]) }
  assert.deepEqual(explainEvent(event(403, given), 'others').mutatedBy, [by('a'), by('b'), by('a')])
  assert.equal(explainEvent(event(403), 'others').mutatedBy, undefined)
})

test('explainEvent() names the webhooks that changed the object, and no others', () => {
  const asked = (webhook: string, mutated: boolean) => JSON.stringify({ configuration: 'defaults', webhook, mutated })
  const given = {
    'mutation.webhook.admission.k8s.io/round_0_index_0': asked('limits.example.com', true),
    'mutation.webhook.admission.k8s.io/round_0_index_1': asked('idle.example.com', false),
  }
  assert.deepEqual(explainEvent(event(422, given), 'others').mutatedByWebhooks, [
    { configuration: 'defaults', webhook: 'limits.example.com' },
  ])
  assert.equal(explainEvent(event(422), 'others').mutatedByWebhooks, undefined)
})

test('explainEvent() explains a request whose record leaves annotations out for their data class', () => {
  const leftOut = leftOutOf('personal')
  const names = ['admission.bulkhead.dev/mutated-by.round_0', 'mutation.webhook.admission.k8s.io/round_0_index_0', patchAnnotation]
  const given = { [refusedByAnnotation]: 'PodSecurity', ...Object.fromEntries(names.map(name => [name, leftOut])) }
  const { refusedBy, admission, mutatedBy, mutatedByWebhooks } = explainEvent(event(403, given), 'requester')
  assert.deepEqual([refusedBy, admission, mutatedBy, mutatedByWebhooks], ['admission', { plugin: 'PodSecurity' }, undefined, undefined])
})
