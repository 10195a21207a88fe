// Answers while the disk of the store or the audit log hangs or fails.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import { AuditFailure } from '../../access/audit/audit-failure.ts'
import { systemClock } from '../../base/clock.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { WriteFailed } from '../../store/store.ts'
import { heldStore } from '../held-store.testing.ts'
import { TestServer } from '../testing.ts'

test('handle() refuses writes before they happen while they could not be recorded or stored, and is not ready; reads go on', async () => {
  const disks: { audit: AuditFailure | undefined; stalled: boolean } = { audit: undefined, stalled: false }
  const store = createMemoryStore()
  Object.defineProperty(store, 'stalled', { get: () => disks.stalled })
  await using api = new TestServer({
    store,
    audit: { record: () => (disks.audit ? Promise.reject(disks.audit) : undefined), refusal: () => disks.audit },
  })
  api.server.markReady()
  const path = '/api/v1/namespaces/a/configmaps'
  const write = () => api.request('POST', path, { metadata: { generateName: 'a-' } })
  const failing: readonly [disks: typeof disks, why: string, check: string][] = [
    [{ audit: new AuditFailure('no space is left'), stalled: false }, 'no space is left', 'audit-log'],
    [{ audit: undefined, stalled: true }, 'the disk under the store does not answer', 'store-sync'],
  ]
  for (const [state, why, check] of failing) {
    assert.equal((await api.get('/readyz')).status, 200)
    Object.assign(disks, state)
    const refused = await write()
    assert.deepEqual([refused.status, refused.json.message], [503, `writes are refused: ${why}`])
    assert.equal((await api.get(path)).json.items.length, 0)
    assert.match((await api.get('/readyz')).text, new RegExp(`^\\[-\\]${check} failed: reason withheld$`, 'm'))
    assert.equal((await api.get('/livez')).status, 200)
    Object.assign(disks, { audit: undefined, stalled: false })
  }
  assert.equal((await write()).status, 201)
})

test('handle() refuses a write that does not fit on the disk, and is not ready until none was refused for a while', async () => {
  let now = 0
  const held = heldStore({ ...systemClock, monotonic: () => now })
  await using api = new TestServer({ store: held.store })
  api.server.markReady()
  const writing = api.request('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: 'a' } })
  await held.committing
  held.fail(new WriteFailed('The disk is full', { retriable: true }))
  const { status, json } = await writing
  assert.deepEqual([status, json.message], [503, 'writes are refused: no space is left for the store'])
  const unready = await api.get('/readyz')
  assert.equal(unready.status, 500)
  assert.match(unready.text, /^\[-\]store-space failed: reason withheld$/m)
  assert.equal((await api.get('/livez')).status, 200)
  now = 5000
  assert.equal((await api.get('/readyz')).status, 200)
})

const timedOut = 'Timeout: request did not complete within the allotted timeout: it may have been carried out all the same'

test('handle() answers 504 in time for a write whose record is not on disk, and records that it did', async () => {
  const codes: unknown[] = []
  const record = ({ responseStatus }: AuditEvent) => {
    codes.push(responseStatus?.code)
    return new Promise<void>(() => undefined)
  }
  await using api = new TestServer({ audit: { record } })
  const path = '/api/v1/namespaces/a/configmaps'
  const { status, json } = await api.request('POST', `${path}?timeout=10ms`, { metadata: { name: 'a' } })
  assert.deepEqual([status, json.reason, json.message], [504, 'Timeout', timedOut])
  assert.deepEqual(codes, [201, 504])
})

test('handle() refuses a write because of another one only when that one is durable', async () => {
  const path = '/api/v1/namespaces/a/configmaps'
  const ahead = { metadata: { name: 'a', resourceVersion: '1' } }
  for (const [method, place, object] of [
    ['POST', path, { metadata: { name: 'a' } }],
    ['PUT', `${path}/a`, ahead],
    ['PATCH', `${path}/a`, {}],
  ] as const) {
    const held = heldStore()
    await using api = new TestServer({ store: held.store })
    const first = api.request('POST', path, { metadata: { name: 'a' } })
    await held.committing
    let answered = false
    const second = api.request(method, place, object).then(answer => {
      answered = true
      return answer
    })
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    assert.equal(answered, false, method)
    held.commit()
    assert.equal((await first).status, 201)
    assert.equal((await second).status, method === 'PATCH' ? 200 : 409)
  }
})

test('handle() answers 504 in time for a write that is not durable, also if that cannot be recorded', async () => {
  const held = heldStore()
  const codes: unknown[] = []
  const record = ({ responseStatus }: AuditEvent) => {
    codes.push(responseStatus?.code)
    return new Promise<void>(() => undefined)
  }
  await using api = new TestServer({ store: held.store, audit: { record } })
  const path = '/api/v1/namespaces/a/configmaps'
  const { status, json } = await api.request('POST', `${path}?timeout=10ms`, { metadata: { name: 'a' } })
  assert.deepEqual([status, json.reason, json.message], [504, 'Timeout', timedOut])
  assert.deepEqual(codes, [201, 504])
  held.commit()
  await held.store.settled()
  assert.equal((await api.get(`${path}/a`)).status, 200)
})
