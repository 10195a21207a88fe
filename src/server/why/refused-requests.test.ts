import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import { RefusedRequests } from './refused-requests.ts'

const event = (auditID: string, username: string): AuditEvent => ({
  ...{ level: 'Metadata', auditID, stage: 'ResponseComplete', requestURI: '/', verb: 'get', user: { username, groups: [] }, sourceIPs: [] },
  ...{ requestReceivedTimestamp: '', stageTimestamp: '' },
})

test('RefusedRequests finds by id, and the newest of a user', () => {
  const refused = new RefusedRequests()
  for (const [id, user] of [
    ['1', 'ann'],
    ['2', 'bob'],
    ['3', 'ann'],
  ] as const)
    refused.keep(event(id, user))
  assert.equal(refused.find('1')?.user.username, 'ann')
  assert.equal(refused.newestOf('ann')?.auditID, '3')
  assert.equal(refused.newestOf('eve'), undefined)
  assert.equal(refused.find('4'), undefined)
})

test('RefusedRequests keeps a user its refusal while another is refused without end', () => {
  const refused = new RefusedRequests()
  refused.keep(event('ann', 'ann'))
  for (let at = 0; at < 10_000; at++) refused.keep(event(`bob${at}`, 'bob'))
  assert.equal(refused.newestOf('ann')?.auditID, 'ann')
  assert.equal(refused.newestOf('bob')?.auditID, 'bob9999')
  assert.equal(refused.find('bob9967'), undefined)
})

test('RefusedRequests holds 2000 in all, and drops the oldest first', () => {
  const refused = new RefusedRequests()
  for (let at = 0; at < 2100; at++) refused.keep(event(`${at}`, `user${at}`))
  assert.equal(refused.find('99'), undefined)
  assert.equal(refused.newestOf('user99'), undefined)
  assert.equal(refused.newestOf('user100')?.auditID, '100')
})
