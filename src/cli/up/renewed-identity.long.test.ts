import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { type ClientIdentity, issueIdentity } from '../../cluster/client-identity.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { partCertificateSeconds, RenewedIdentity } from './renewed-identity.ts'

const day = 86_400_000

function opened() {
  const clock = new FakeClock()
  const signer = createMemorySigner({ clock })
  const signal = AbortSignal.timeout(60_000)
  const sent: ClientIdentity[] = []
  const identity = new RenewedIdentity({
    ...{ name: 'dns', clock, log: silentLogger, random: () => 0.5 },
    issue: () => issueIdentity(signer, 'system:serviceaccount:kube-system:cluster-dns', [], partCertificateSeconds, signal),
    send: renewed => void sent.push(renewed),
  })
  return { clock, identity, sent }
}

test('RenewedIdentity sends the part a new certificate before the old one expires', async () => {
  const { clock, identity, sent } = opened()
  const first = await identity.forStart()
  const stop = new AbortController()
  const running = identity.keep(stop.signal)
  await clock.advance(5 * day)
  assert.equal(sent.length, 0)
  await clock.advance(day)
  await until(() => sent.length === 1, 'the renewed certificate')
  assert.notEqual(sent[0]?.certificate, first.certificate)
  stop.abort()
  await running
})

test('RenewedIdentity replaces what an earlier run was sent when the part starts again', async () => {
  const { identity, sent } = opened()
  await identity.forStart()
  assert.equal(sent.length, 0)
  const second = await identity.forStart()
  assert.deepEqual(sent, [second])
})

test('RenewedIdentity of a part that never started keeps nothing', async () => {
  const { identity, sent } = opened()
  await identity.keep(AbortSignal.timeout(60_000))
  assert.equal(sent.length, 0)
})
