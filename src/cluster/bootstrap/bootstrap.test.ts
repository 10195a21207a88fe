import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiServer } from '../../server/api-server.ts'
import type { Signer } from '../../signer/signer.ts'
import type { Store } from '../../store/store.ts'
import { bootstrap } from './bootstrap.ts'

test('bootstrap() that is stopped while the signer is asked leaves no unhandled rejection', async () => {
  const written = Promise.withResolvers<void>()
  let writes = 0
  const server = {
    serviceCidr: '10.96.0.0/16',
    clock: { now: () => 0 },
    resources: { all: [] },
    // The namespaces exist at once; the stop interrupts the next step.
    ensureObjects: () => (writes++ === 0 ? Promise.resolve() : written.promise),
    keepFlowObjects: () => Promise.resolve(),
  } as unknown as ApiServer
  const store = { collection: () => ({ newest: () => undefined, list: () => ({ entries: [] }) }) } as unknown as Store
  const stop = new Error('stop')
  const signer = { authority: () => Promise.reject(stop) } as unknown as Signer
  const unheard: unknown[] = []
  const hear = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', hear)
  try {
    const options = { namespaceDefaults: false, signal: AbortSignal.abort(stop) }
    await assert.rejects(bootstrap({ server, store, signer, ...options }), stop)
    written.reject(new Error('the server stops'))
    // Unhandled rejections are reported after the microtasks.
    await new Promise(setImmediate)
    assert.deepEqual(unheard, [])
  } finally {
    process.off('unhandledRejection', hear)
  }
})
