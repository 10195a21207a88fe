import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../../access/audit/audit-event.ts'
import { RefusedRequests } from './refused-requests.ts'

const event = (auditID: string, username: string): AuditEvent => ({
  ...{ level: 'Metadata', auditID, stage: 'ResponseComplete', requestURI: '/', verb: 'get', user: { username, groups: [] }, sourceIPs: [] },
  ...{ requestReceivedTimestamp: '', stageTimestamp: '' },
})

test('RefusedRequests keeps what people were refused while proofs are refused without end, and finds the latest of proofs by id', () => {
  const refused = new RefusedRequests()
  refused.keep(event('ann', 'ann'))
  for (let at = 0; at < 10_000; at++) refused.keep({ ...event(`${at}`, at % 2 === 0 ? 'ann' : `user${at}`), userAgent: 'bulkhead-prove/1' })
  assert.equal(refused.newestOf('ann')?.auditID, 'ann')
  assert.equal(refused.newestFor('user9999'), undefined)
  assert.deepEqual([refused.find('9743'), refused.find('9744')?.auditID, refused.find('9999')?.auditID], [undefined, '9744', '9999'])
})
