import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Volume } from '../../api/types/core-v1.ts'
import { podOf } from '../fixture.ts'
import { MountError, PodVolumes } from './pod-volumes.ts'

for (const source of [{ emptyDir: {} }, { configMap: { name: 'cm' } }] satisfies Partial<Volume>[]) {
  test(`PodVolumes makes no volume of what a link in its place leads to: ${Object.keys(source)[0]}`, async t => {
    const directory = mkdtempSync(join(tmpdir(), 'bulkhead-volumes-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const [elsewhere, pod] = [join(directory, 'elsewhere'), join(directory, 'pod')]
    mkdirSync(elsewhere)
    mkdirSync(join(pod, 'volumes'), { recursive: true })
    symlinkSync(elsewhere, join(pod, 'volumes', 'v'))
    const unused = () => assert.fail('not asked')
    const context = {
      pod: podOf({ volumes: [{ name: 'v', ...source }] }),
      objects: { configMap: async () => ({ metadata: { name: 'cm' }, data: { k: 'v' } }), secret: unused, services: unused },
      tokens: { token: unused },
      claims: { volume: unused },
      addresses: { podIps: [], hostIps: [], nodeName: 'n1' },
      node: { milliCpu: 0, memoryBytes: 0, ephemeralStorageBytes: 0 },
    }
    const volumes = new PodVolumes(pod)
    const isRefused = (err: unknown) => err instanceof MountError && err.message.endsWith('volumes/v" is a symbolic link')
    await assert.rejects(volumes.setUp(context, AbortSignal.timeout(60_000)), isRefused)
    assert.deepEqual(readdirSync(elsewhere), [])
    await volumes.tearDown()
    assert.deepEqual(readdirSync(directory), ['elsewhere'])
  })
}
