import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock as clock } from '../../base/clock.ts'
import { createLogger } from '../../base/log.ts'
import { Client } from '../../client/client.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { CsiDrivers } from './csi-drivers.ts'
import { csiPlace } from './csi-record.ts'
import { CsiVolumes } from './csi-volumes.ts'

test('CsiVolumes.undo() lets no other work on the volume begin before its end is reported', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-csi-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const reporting = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const drivers = new CsiDrivers()
  const calls = { call: () => assert.fail('nothing is mounted') }
  const about = { name: 'd', nodeId: 'n1', maxVolumes: 0, topology: {}, can: new Set<never>() }
  drivers.add({ ...about, calls, client: { [Symbol.dispose]: () => undefined } })
  const volumes = new CsiVolumes({
    ...{ folder, pods: join(folder, 'pods'), drivers, client: new Client(new FakeApi()), nodeName: 'n1', bootId: 'b', clock },
    warn: () => undefined,
    async reportInUse() {
      reporting.resolve()
      await gate.promise
      seen.push('reported')
    },
    log: createLogger({ level: 'silent' }),
  })
  const place = csiPlace(folder, 'd', 'h')
  await volumes.records.write(place, { driver: 'd', volumeId: 'h', isAttached: true, stage: 'none', bootId: 'b', pods: [] })
  const undo = volumes.undo(place, AbortSignal.timeout(10_000))
  await reporting.promise
  const next = volumes.oneByOne(place, async () => seen.push('next'))
  await new Promise(resolve => setImmediate(resolve))
  gate.resolve()
  await Promise.all([undo, next])
  assert.deepEqual(seen, ['reported', 'next'])
})
