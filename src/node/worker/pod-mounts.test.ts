import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Volume } from '../../api/types/core-v1.ts'
import { ContainerConfigError } from '../container/environment.ts'
import { unmountBelow } from '../machine/mount-table.ts'
import { containerOf, podOf } from '../pod/fixture.ts'
import { containerDevices } from './pod-devices.ts'
import { containerMounts } from './pod-mounts.ts'

test('containerDevices() starts no container without its requested block device', async () => {
  const container = containerOf('c', { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] })
  const pod = podOf({ containers: [container], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'a' } }] })
  const volumes = { setUp: async () => undefined, tearDown: async () => undefined, pathOf: () => '/nowhere' }
  await assert.rejects(
    containerDevices({ pod, container, volumes }),
    err => err instanceof ContainerConfigError && /it is not a block volume/.test(err.message),
  )
})

test('CVE-2017-1002102: containerMounts() mounts API data read-only, whatever the mount says', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, async t => {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-mounts-'))
  t.after(async () => {
    await unmountBelow(directory)
    rmSync(directory, { recursive: true })
  })
  const sources: Partial<Volume>[] = [
    { configMap: { name: 'a' } },
    { secret: { secretName: 'a' } },
    { projected: { sources: [] } },
    { downwardAPI: { items: [] } },
    { emptyDir: {} },
  ]
  const names = sources.map(source => Object.keys(source)[0] ?? '')
  const container = containerOf('c', { volumeMounts: names.map(name => ({ name, mountPath: `/${name}`, readOnly: false })) })
  const pod = podOf({ containers: [container], volumes: sources.map((source, at) => ({ name: names[at] ?? '', ...source })) })
  const volumes = { setUp: async () => undefined, tearDown: async () => undefined, pathOf: ({ name }: Volume) => join(directory, name) }
  const mounts = await containerMounts({ pod, container, attempt: 0, directory, volumes, environment: new Map(), given: new Map() })
  assert.deepEqual(
    mounts.filter(({ readonly }) => readonly).map(({ containerPath }) => containerPath),
    ['/configMap', '/secret', '/projected', '/downwardAPI'],
  )
})
