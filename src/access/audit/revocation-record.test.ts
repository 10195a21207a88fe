import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AuditEvent, eventLine } from './audit-event.ts'
import { denialsAnnotation, denialsChange, denyRuleAnnotation, LoggedRevocations, revocationsOf } from './revocation-record.ts'
import { RecordSealer } from './sealed-records.ts'

const event = (annotations: Readonly<Record<string, string>>, code = 200): AuditEvent => ({
  level: 'Metadata',
  auditID: 'id',
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/kube-system/configmaps/bulkhead-denied-credentials',
  verb: 'update',
  user: { username: 'ann', groups: [] },
  sourceIPs: [],
  responseStatus: { code },
  requestReceivedTimestamp: 'a',
  stageTimestamp: 'b',
  annotations,
})
const denials = (change: object, code?: number) => event({ [denialsAnnotation]: JSON.stringify(change) }, code)
const rule = (name: string, spec: object | null) => event({ [`${denyRuleAnnotation}${name}`]: JSON.stringify(spec) })

function logged(...events: readonly AuditEvent[]): LoggedRevocations {
  const found = new LoggedRevocations()
  for (const each of events) found.add(Buffer.from(eventLine(each)))
  return found
}

describe('LoggedRevocations', () => {
  test('keeps what was set last, and forgets what was removed again', () => {
    const { denials: found } = logged(
      denials({ a: 'user-name:a', b: 'user-name:b' }),
      denials({ a: null, b: 'user-name:c' }),
      denials({ d: 'token:d' }),
    )
    assert.deepEqual(
      [...found],
      [
        ['b', 'user-name:c'],
        ['d', 'token:d'],
      ],
    )
  })

  test('keeps DenyRules by their name', () => {
    const { rules } = logged(rule('one', { reason: 'a' }), rule('two', { reason: 'b' }), rule('one', { reason: 'c' }), rule('two', null))
    assert.deepEqual([...rules], [['one', { reason: 'c' }]])
  })

  test('does not count writes that were refused', () => {
    assert.equal(logged(denials({ a: 'user-name:a' }, 409), denials({ b: 'user-name:b' }, 500)).denials.size, 0)
  })

  test('does not count what a policy or webhook annotated, nor what a request quotes', () => {
    const forged = { [`policy/${denialsAnnotation}`]: '{"a":"user-name:a"}' }
    assert.equal(logged(event(forged), { ...event({}), userAgent: denialsAnnotation }).denials.size, 0)
  })

  test('reads them from a sealed log', () => {
    const sealer = new RecordSealer([{ namespaces: [], recipients: [Buffer.alloc(32, 9).toString('base64')] }])
    const found = new LoggedRevocations()
    const change = denials({ a: 'user-name:a' })
    const lines = sealer.seal(change, eventLine(change))
    for (const line of lines) found.add(Buffer.from(line))
    assert.equal(found.denials.get('a'), 'user-name:a')
    assert.equal(lines.filter(line => line.includes('user-name')).length, 1)
    const refused = denials({ a: 'user-name:a' }, 403)
    assert.equal(sealer.seal(refused, eventLine(refused)).length, 1)
  })
})

test('denialsChange() names only what differs', () => {
  assert.equal(denialsChange({ a: '1', b: '2' }, { b: '3', c: '4' }), '{"a":null,"b":"3","c":"4"}')
  assert.equal(denialsChange({ a: '1' }, { a: '1' }), undefined)
})

test('revocationsOf() finds nothing in other events', () => {
  assert.equal(revocationsOf(event({ 'authorization.k8s.io/decision': 'allow' })), undefined)
})
