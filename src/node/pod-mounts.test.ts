import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContainerConfigError } from './environment.ts'
import { containerOf, podOf } from './fixture.ts'
import { containerMounts } from './pod-mounts.ts'

test('containerMounts() starts no container without the block device that it asks for', async () => {
  const container = containerOf('c', { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] })
  const pod = podOf({ containers: [container], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'a' } }] })
  const volumes = { setUp: async () => undefined, tearDown: async () => undefined, pathOf: () => '/nowhere' }
  const input = { pod, container, attempt: 0, directory: '/nowhere', volumes, environment: new Map(), given: new Map() }
  await assert.rejects(
    containerMounts(input),
    err => err instanceof ContainerConfigError && /block devices are not supported/.test(err.message),
  )
})
