import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import type { Signer } from '../../signer/signer.ts'
import { SteppedClock } from '../tests/secured-api.testing.ts'
import { frontProxyIdentity } from './front-proxy-identity.ts'

const day = 86_400_000
const signal = new AbortController().signal

/** A signer that counts calls, and refuses on demand. */
function watched(clock: SteppedClock) {
  const signer = createMemorySigner({ clock })
  const state = { issued: 0, refuses: false }
  const issueCertificate: Signer['issueCertificate'] = async (request, until) => {
    if (state.refuses) throw new Error('no')
    state.issued++
    return await signer.issueCertificate(request, until)
  }
  return { state, identity: frontProxyIdentity({ ...signer, issueCertificate }, clock) }
}

test('frontProxyIdentity() asks the signer once for concurrent callers, and caches the result', async () => {
  const { state, identity } = watched(new SteppedClock())
  const [first, second] = await Promise.all([identity(signal), identity(signal)])
  assert.equal(first.certificate, second.certificate)
  assert.equal((await identity(signal)).key, first.key)
  assert.equal(state.issued, 1)
})

test('frontProxyIdentity() is renewed before it expires, without delaying callers', async () => {
  const clock = new SteppedClock()
  const { state, identity } = watched(clock)
  const first = await identity(signal)
  clock.advance(22 * day)
  assert.equal((await identity(signal)).certificate, first.certificate)
  const next = await identity(signal)
  assert.notEqual(next.certificate, first.certificate)
  assert.equal(state.issued, 2)
})

test('frontProxyIdentity() keeps the old one if the signer refuses, and asks again', async () => {
  const clock = new SteppedClock()
  const { state, identity } = watched(clock)
  state.refuses = true
  await assert.rejects(identity(signal), /no/)
  state.refuses = false
  const first = await identity(signal)
  clock.advance(22 * day)
  state.refuses = true
  assert.equal((await identity(signal)).certificate, first.certificate)
  await new Promise(resolve => setImmediate(resolve))
  state.refuses = false
  await identity(signal)
  assert.notEqual((await identity(signal)).certificate, first.certificate)
})
