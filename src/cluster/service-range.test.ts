import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import { createMemoryStore } from '../store/memory.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'
import { openControlPlane } from './control-plane.ts'

test('a cluster keeps the range of Services that it was created with, and accepts no other', async () => {
  const stop = new AbortController()
  const shared = { clock: systemClock, log: silentLogger }
  await using signer = createMemorySigner(shared)
  await using store = createMemoryStore(shared)
  const start = async (serviceCidr: string) => {
    const audit = { record: () => undefined }
    await using server = await openControlPlane({
      ...{ ...shared, store, signer, audit, serviceCidr, profile: 'secure', metrics: createRegistry(), signal: stop.signal },
    })
    await bootstrap({ server, store, signer, namespaceDefaults: false, signal: stop.signal })
  }
  await start('10.0.0.0/24')
  await assert.rejects(start('10.96.0.0/16'), {
    name: 'UserError',
    message: /have addresses of 10\.0\.0\.0\/24, and not of 10\.96\.0\.0\/16: start it with serviceClusterIpRange 10\.0\.0\.0\/24, or make/,
  })
  await start('10.0.0.0/24')
  stop.abort()
})
