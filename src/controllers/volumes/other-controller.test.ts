import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '../../client/client.ts'
import { leases } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { OtherController } from './other-controller.ts'

const { signal } = new AbortController()

test('OtherController sees a lease that is renewed, asks seldom, and forgets one that is not', async () => {
  let now = Date.UTC(2026, 0, 1)
  const api = new FakeApi(() => now)
  const other = new OtherController(new Client(api), { now: () => now, monotonic: () => now })
  const holds = () => other.holds('kube-system', 'd', signal)
  assert.equal(await holds(), false)
  api.seed(leases, {
    metadata: { name: 'd', namespace: 'kube-system' },
    spec: { holderIdentity: 'x', renewTime: new Date(now).toISOString() },
  })
  // A tenant's own.
  api.seed(leases, { metadata: { name: 'e', namespace: 'tenant' }, spec: { holderIdentity: 'x', renewTime: new Date(now).toISOString() } })
  assert.equal(await other.holds('kube-system', 'e', signal), false)
  assert.equal(await holds(), false, 'remembered')
  now += 10_000
  assert.equal(await holds(), true)
  const asked = api.requests.length
  assert.equal(await holds(), true)
  assert.equal(api.requests.length, asked)
  now += 60_000
  assert.equal(await holds(), false)
  api.change(leases, 'kube-system', 'd', lease => {
    lease.spec = { holderIdentity: '', renewTime: new Date(now).toISOString() }
  })
  now += 10_000
  assert.equal(await holds(), false, 'given up')
})
