import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectSigner } from '../signer/connect.ts'
import { signerSealer } from './signer-sealer.ts'

test('signerSealer() waits for an absent signer only until its signal', async () => {
  await using signer = connectSigner('/nowhere/signer.sock')
  const stop = new AbortController()
  const sealer = signerSealer(signer, stop.signal)
  const waiting = [sealer.newDataKey(), sealer.unwrapDataKey(Buffer.alloc(40))]
  stop.abort('stop')
  for (const outcome of await Promise.allSettled(waiting)) assert.deepEqual(outcome, { status: 'rejected', reason: 'stop' })
})
