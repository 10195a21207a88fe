// Containers with a block volume of the node's own disk: the device, its owner and rights, its growth, and what a container can do to it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { LocalVolume } from '../../src/api/types/bulkhead-v1alpha1.ts'
import type { Pod, PodSpec } from '../../src/api/types/core-v1.ts'
import { localDriver, nodeFinalizer } from '../../src/api/volumes/local-volume-names.ts'
import { until } from '../../src/base/testing/wait-until.testing.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../src/client/resources.ts'
import { backEnds, encryptingBackEnds } from '../../src/node/local-volumes/back-ends/index.ts'
import { loopFiles } from '../../src/node/local-volumes/local-volumes.testing.ts'
import { LocalVolumes } from '../../src/node/local-volumes/local-volumes.ts'
import { runVolumeProgram } from '../../src/node/local-volumes/program.ts'
import { tryBackEnds } from '../../src/node/local-volumes/try-back-ends.ts'
import { ContainerNode, hangMs, isReady, script, skip } from './container-node.ts'

const machine = new ContainerNode()
const { directory } = machine
const folders = { volumes: directory.volumes, mounts: directory.volumeMounts, nodeId: directory.id }
const key = randomBytes(64)
const mebibyte = 2 ** 20
const signal = AbortSignal.timeout(2 * hangMs)
const local = new LocalVolumes({
  ...{ folders, pods: directory.pods, backEnds, run: runVolumeProgram, log: machine.log },
  encryption: () => tryBackEnds(encryptingBackEnds, folders, runVolumeProgram),
  key: async () => Buffer.from(key),
  freeBytes: async () => 2 ** 30,
})

before(async () => {
  if (skip !== false) return
  for (const folder of [directory.volumes, directory.volumeMounts]) mkdirSync(folder, { recursive: true })
  machine.local = local
  await machine.start()
})
after(async () => {
  if (skip !== false) return
  await local.closeAll()
  await machine.remove()
})

const volumeOf = (name: string, bytes = 8 * mebibyte): LocalVolume => ({
  metadata: { name },
  spec: { nodeName: 'n1', bytes, encryption: 'required', volumeMode: 'Block' },
})

async function claim(id: string): Promise<void> {
  assert.equal((await local.apply(volumeOf(id), signal))?.phase, 'Ready')
  machine.api.seed(persistentVolumes, {
    metadata: { name: id },
    spec: {
      ...{ accessModes: ['ReadWriteOnce'], volumeMode: 'Block' },
      csi: { driver: localDriver, volumeHandle: id },
      claimRef: { namespace: 'default', name: id, uid: id },
    },
  })
  machine.api.seed(persistentVolumeClaims, {
    metadata: { name: id, namespace: 'default', uid: id },
    spec: { volumeName: id, accessModes: ['ReadWriteOnce'], volumeMode: 'Block' },
    status: { phase: 'Bound' },
  })
}

const podWith = (name: string, claimName: string, lines: string[], more: Partial<PodSpec> = {}, readOnly = false): Pod =>
  machine.createPod(name, {
    securityContext: { runAsUser: 10_001 },
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName, readOnly } }],
    containers: [{ name: 'c', ...script(...lines, 'echo end', 'sleep 1000'), volumeDevices: [{ name: 'v', devicePath: '/dev/disk' }] }],
    ...more,
  })
const logOf = async (name: string) => await machine.logUntil(await machine.until(name, 'ready', isReady), text => text.includes('end\n'))

test('a container has the device of its claim, as its own user, and nothing of it is left after its volume', { skip }, async () => {
  await claim('disk')
  const pod = podWith('raw', 'disk', [
    'echo canary >/dev/disk',
    'head -n 1 /dev/disk',
    'stat -c "%u %a %F" /dev/disk',
    'ls /dev | grep -c loop',
  ])
  assert.equal(await logOf('raw'), 'canary\n10001 660 block special file\n0\nend\n')
  await machine.gone(pod)
  assert.deepEqual(readdirSync(directory.volumeMounts), [])
  assert.ok(!loopFiles().includes(directory.root), 'no loop device is left')
  const reader = podWith('reader', 'disk', ['head -n 1 /dev/disk', '(echo x >/dev/disk) 2>/dev/null || echo refused'], {}, true)
  assert.equal(await logOf('reader'), 'canary\nrefused\nend\n')
  await machine.gone(reader)
  const { metadata, spec } = volumeOf('disk')
  const ended = { metadata: { ...metadata, deletionTimestamp: new Date().toISOString(), finalizers: [nodeFinalizer] }, spec }
  assert.deepEqual(await local.apply(ended, signal), { phase: 'Removed' })
  assert.ok(!existsSync(`${directory.volumes}/disk`))
})

test('a container sees its device grow, or has the new size at its next start', { skip }, async () => {
  await claim('growing')
  const size = 'while sleep 0.1; do blockdev --getsize64 /dev/disk; done'
  const pod = podWith('grows', 'growing', ['blockdev --getsize64 /dev/disk', `(${size}) &`])
  assert.match(await logOf('grows'), new RegExp(`^${8 * mebibyte}\n`))
  const grown = await local.apply(volumeOf('growing', 40 * mebibyte), signal)
  if (grown?.message === undefined)
    await machine.logUntil(await machine.until('grows', 'ready', isReady), text => text.includes(`\n${40 * mebibyte}\n`))
  await machine.gone(pod)
  const next = podWith('next', 'growing', [])
  await machine.until('next', 'ready', isReady)
  await local.apply(volumeOf('growing', 40 * mebibyte), signal)
  const last = podWith('last', 'growing', ['blockdev --getsize64 /dev/disk'])
  assert.equal(await logOf('last'), `${40 * mebibyte}\nend\n`)
  await machine.gone(next)
  await machine.gone(last)
})

test('a container that detaches its device reads nothing of a claim that is mounted later', { skip }, async () => {
  for (const name of ['mine', 'theirs']) await claim(name)
  const thief = podWith('thief', 'mine', [
    'echo own >/dev/disk',
    'losetup -d /dev/disk && echo detached',
    'echo end',
    'while grep -q own /dev/disk; do echo own; sleep 0.2; done',
    'echo another',
  ])
  assert.match(await logOf('thief'), /^detached\n/)
  const victim = podWith('victim', 'theirs', ['echo canary >/dev/disk', 'sync'])
  await logOf('victim')
  const before = await logOf('thief')
  // Looked again, with the other's device there. What is not its own content would be another volume's, or nothing.
  const text = await machine.logUntil(
    await machine.until('thief', 'there', () => true),
    found => found.length > before.length + 'own\nown\n'.length || found.includes('another'),
  )
  assert.ok(!text.includes('another'))
  await until(() => loopFiles().includes('/theirs/data/block'), 'the other device is there')
  await machine.gone(thief)
  await machine.gone(victim)
  assert.ok(!loopFiles().includes(directory.root))
})

test('a volume of files is no device, and a device is no folder', { skip }, async () => {
  await claim('other')
  const pod = machine.createPod('mounts', {
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'other' } }],
    containers: [{ name: 'c', ...script('sleep 1000'), volumeMounts: [{ name: 'v', mountPath: '/data' }] }],
  })
  await machine.until('mounts', 'refused', ({ status }) =>
    /it is a block device, for volumeDevices/.test(status?.containerStatuses?.[0]?.state?.waiting?.message ?? ''),
  )
  await machine.gone(pod)
})
