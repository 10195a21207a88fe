import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const merge = { 'content-type': 'application/merge-patch+json' }
const strategic = { 'content-type': 'application/strategic-merge-patch+json' }

test("auditEvent() contains nothing of a Secret's content, even if the client's error does", async () => {
  await using api = new TestServer()
  const path = '/api/v1/namespaces/a/secrets'
  const kept = Buffer.from('kept-canary').toString('base64')
  await api.create(path, { metadata: { name: 's' }, data: { kept } })
  const refused = [
    await api.request('PATCH', `${path}/s`, { data: { other: 'sent-canary!' } }, merge),
    await api.request('POST', path, { metadata: { name: 'b' }, data: 'sent-canary' }),
    await api.request('POST', path, { metadata: { name: 'b', labels: { a: 'sent-canary!' } } }),
    await api.request('POST', path, Buffer.from('{"sent-canary')),
    await api.request('PATCH', `${path}/s`, { data: { $patch: 'sent-canary' } }, strategic),
  ]
  assert.deepEqual(
    refused.map(({ status }) => status),
    [422, 400, 422, 400, 500],
  )
  // The client gets the text.
  assert.ok(refused.some(({ text }) => text.includes(kept)))
  const records = JSON.stringify(api.events)
  assert.doesNotMatch(records, /canary/)
  assert.ok(!records.includes(kept))
  const [first, labels] = [api.events.at(1)?.responseStatus, api.events.at(3)?.responseStatus]
  assert.deepEqual([first?.reason, first?.code], ['Invalid', 422])
  assert.equal(labels?.details?.causes?.[0]?.field, 'metadata.labels')
})

test('auditEvent() has the message of any other refusal', async () => {
  await using api = new TestServer()
  await api.get('/api/v1/namespaces/a/secrets/s')
  await api.request('POST', '/api/v1/namespaces/a/services', { metadata: { name: 'UPPER' } })
  const messages = api.events.map(({ responseStatus }) => responseStatus?.message)
  assert.equal(messages[0], 'secrets "s" not found')
  assert.match(messages[1] ?? '', /Invalid value: "UPPER"/)
})
