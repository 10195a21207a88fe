import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../../access/audit/audit-event.ts'
import { retainedBytes } from '../../../base/testing/retained-bytes.testing.ts'
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

test('RefusedRequests keeps 256 of all ServiceAccounts of a namespace, separate from others', () => {
  const refused = new RefusedRequests()
  refused.keep(event('ann', 'ann'))
  const name = (at: number) => `system:serviceaccount:a:robot-${at % 1000}`
  for (let at = 0; at < 10_000; at++) refused.keep(event(`${at}`, name(at)))
  assert.equal(refused.newestOf('ann')?.auditID, 'ann')
  assert.deepEqual([refused.find('9743'), refused.find('9744')?.auditID], [undefined, '9744'])
  assert.deepEqual([refused.newestOf(name(9743)), refused.newestOf(name(9999))?.auditID], [undefined, '9999'])
})

test('RefusedRequests holds 2000 in all, and drops the oldest first', () => {
  const refused = new RefusedRequests()
  for (let at = 0; at < 2100; at++) refused.keep(event(`${at}`, `user${at}`))
  assert.equal(refused.find('99'), undefined)
  assert.equal(refused.newestOf('user99'), undefined)
  assert.equal(refused.newestOf('user100')?.auditID, '100')
})

test('RefusedRequests holds no more of long requests than 16 Mi characters', () => {
  const refused = new RefusedRequests()
  for (let at = 0; at < 1000; at++) refused.keep({ ...event(`${at}`, `user${at}`), requestURI: `/${'y'.repeat(32_767)}` })
  const found = Array.from({ length: 1000 }, (_, at) => refused.find(`${at}`)).filter(one => one !== undefined)
  assert.ok(found.length > 450 && found.length < 512, `${found.length}`)
  assert.equal(refused.newestOf('user999')?.requestURI.length, 32_768)
  assert.equal(refused.newestOf('user0'), undefined)
  // Later ones are small: as many as before.
  for (let at = 1000; at < 3000; at++) refused.keep(event(`${at}`, `user${at}`))
  assert.equal(refused.find('1000')?.auditID, '1000')
})

test("RefusedRequests does not retain the texts from which an event's were cut", () => {
  const refused = new RefusedRequests()
  const kept = retainedBytes(() => {
    for (let at = 0; at < 100; at++) {
      const responseStatus = { code: 422, message: `${'m'.repeat(100_000)}${at}`.slice(0, 100) }
      refused.keep({ ...event(`${at}`, `user${at}`), responseStatus })
    }
  })
  assert.ok(kept < 1_000_000, `${kept} bytes`)
  assert.equal(refused.find('0')?.responseStatus?.code, 422)
})
