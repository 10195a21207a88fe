import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import type { Classification } from '../../api/data-classes/classify.ts'
import { defaultHandling } from '../../api/data-classes/data-class.ts'
import { redactEvent } from './redact-event.ts'

const fields = [{ dataClass: 'personal', path: ['spec', 'email'] }] as const
const classes: Readonly<Record<string, Classification>> = {
  internal: { base: 'internal', fields: [] },
  confidential: { base: 'confidential', fields: [] },
  personal: { base: 'personal', fields: [] },
  field: { base: 'internal', fields },
}
const event = (more: Partial<AuditEvent>): AuditEvent => ({
  level: 'RequestResponse',
  auditID: 'id',
  stage: 'ResponseComplete',
  requestURI: '/apis/example.org/v1/namespaces/a/people/one',
  verb: 'update',
  user: { username: 'ann', groups: [] },
  sourceIPs: [],
  objectRef: { resource: 'people', apiGroup: 'example.org', apiVersion: 'v1', namespace: 'a' },
  requestReceivedTimestamp: '',
  stageTimestamp: '',
  annotations: { 'authorization.k8s.io/decision': 'allow' },
  responseStatus: { code: 200 },
  ...more,
})
const redact = (of: string, more: Partial<AuditEvent>, isSealed = false): string =>
  JSON.stringify(
    redactEvent(event(more), {
      ...{ handling: defaultHandling, isSealed, classification: classes[of] ?? assert.fail(of) },
      classifyItem: item => classes[String(item['kind'])] ?? classes['internal'] ?? assert.fail('no class'),
    }),
  )
const body = { kind: 'Person', metadata: { name: 'one' }, spec: { email: 'canary', note: 'shown' } }
const refusal = {
  responseStatus: {
    ...{ code: 422, reason: 'Invalid', message: 'canary is no address' },
    details: { causes: [{ field: 'data[canary].x', message: 'canary' }] },
  },
}

describe('redactEvent()', () => {
  const cases: readonly (readonly [name: string, of: string, more: Partial<AuditEvent>, shows: boolean, isSealed?: boolean])[] = [
    ['bodies of what has no class', 'internal', { requestObject: body, responseObject: body }, true],
    ['bodies of what is personal', 'personal', { requestObject: body, responseObject: body }, false],
    ['bodies of what is personal, in a sealed log', 'personal', { requestObject: body }, false, true],
    ['bodies of what is confidential', 'confidential', { requestObject: body }, false],
    ['bodies of what is confidential, in a sealed log', 'confidential', { requestObject: body }, true, true],
    ['a classified field', 'field', { requestObject: body, responseObject: body }, false],
    [
      'a JSON patch of an object with a classified field',
      'field',
      { requestObject: [{ op: 'add', path: '/spec/email', value: 'canary' }] },
      false,
    ],
    ['the text of a refusal', 'field', refusal, false],
    [
      'the text of a refusal in the answer',
      'field',
      { ...refusal, responseObject: { kind: 'Status', message: 'canary', details: { causes: ['canary'] } } },
      false,
    ],
    ['the text of a refusal of what has no class', 'internal', refusal, true],
    [
      'the text of the authorizers',
      'personal',
      { responseStatus: { code: 403, message: 'canary' }, annotations: { 'authorization.k8s.io/decision': 'forbid' } },
      true,
    ],
    [
      'an annotation of a policy',
      'field',
      { annotations: { 'authorization.k8s.io/decision': 'allow', 'policy.example.org/email': 'canary' } },
      false,
    ],
    ['classified objects of a list', 'internal', { responseObject: { items: [{ ...body, kind: 'personal' }] } }, false],
    ['classified fields in a list', 'internal', { responseObject: { items: [{ ...body, kind: 'field' }] } }, false],
    ['other objects of a list', 'internal', { responseObject: { items: [body] } }, true],
    [
      'the message of an Event as it was sent',
      'internal',
      { objectRef: { resource: 'events', apiVersion: 'v1' }, requestObject: { message: 'canary', reason: 'Failed' } },
      false,
    ],
    [
      'a JSON patch of an Event',
      'internal',
      { objectRef: { resource: 'events', apiVersion: 'v1' }, requestObject: [{ op: 'add', path: '/message', value: 'canary' }] },
      false,
    ],
  ]
  for (const [name, of, more, shows, isSealed] of cases)
    test(`${shows ? 'keeps' : 'leaves out'} ${name}`, () => {
      assert.equal(redact(of, more, isSealed).includes('canary'), shows)
    })

  test('keeps what else the event says', () => {
    const kept = redact('field', { ...refusal, requestObject: body })
    for (const text of ['"ann"', '"Invalid"', '"shown"', '"code":422', 'data[].x', 'left out: data class'])
      assert.ok(kept.includes(text), text)
  })

  test('lowers the level of an event whose bodies are left out, and says so', () => {
    const left = redactEvent(event({ requestObject: body }), {
      ...{ handling: defaultHandling, isSealed: false, classification: classes['personal'] ?? assert.fail('no class') },
      classifyItem: () => assert.fail('no list'),
    })
    assert.equal(left.level, 'Metadata')
    assert.match(left.annotations?.['audit.bulkhead.dev/left-out'] ?? '', /^request: data class personal$/)
  })
})
