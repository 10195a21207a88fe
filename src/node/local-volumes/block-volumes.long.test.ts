// Block volumes with real loop devices: only root has them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { lstat, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import { keyFinalizer, nodeFinalizer } from '../../api/volumes/local-volume-names.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { mountsBelow } from '../machine/mount-table.ts'
import type { BackEnd } from './back-end.ts'
import { backEnds } from './back-ends/index.ts'
import { none } from './back-ends/none.ts'
import { localVolumesBench, loopFiles } from './local-volumes.testing.ts'
import { runVolumeProgram } from './program.ts'

const { signal } = new AbortController()
const mebibyte = 2 ** 20
const isRoot = process.getuid?.() === 0
const canary = `canary-${randomBytes(12).toString('hex')}`

const volumeOf = (name: string, { name: backEnd }: BackEnd, more: Partial<LocalVolume['spec']> = {}): LocalVolume => ({
  metadata: { name, finalizers: [keyFinalizer, nodeFinalizer] },
  spec: { nodeName: 'n', bytes: 8 * mebibyte, encryption: backEnd === 'none' ? 'none' : 'required', volumeMode: 'Block', ...more },
})
const ending = (volume: LocalVolume): LocalVolume => ({
  ...volume,
  metadata: { ...volume.metadata, deletionTimestamp: new Date().toISOString(), finalizers: [nodeFinalizer] },
})
const write = async (device: string, text: string, at = 0) => {
  await using file = await open(device, 'r+')
  await file.write(text, at)
  await file.sync()
}
const read = async (device: string, length: number, at = 0): Promise<string> => {
  await using file = await open(device)
  return (await file.read(Buffer.alloc(length), 0, length, at)).buffer.toString('latin1')
}
const bytesOf = (device: string): number => Number(execFileSync('blockdev', ['--getsize64', device], { encoding: 'utf8' }))
const numberOf = async (path: string): Promise<number> => (await lstat(path)).rdev
/** The loop device with the number of the node at the path. */
const loopOf = async (path: string): Promise<string> => {
  const wanted = await numberOf(path)
  for (const name of await readdir('/dev'))
    if (/^loop\d+$/.test(name) && (await numberOf(join('/dev', name))) === wanted) return join('/dev', name)
  return assert.fail('it is not a loop device')
}

for (const backEnd of backEnds)
  test(`LocalVolumes gives pods a device that grows, is copied and ends with its volume: ${backEnd.name}`, async t => {
    if (!isRoot) return t.skip('only root has loop devices')
    const why = await backEnd.impossible?.()
    if (why !== undefined) return t.skip(why)
    await using at = await localVolumesBench(backEnd)
    at.keys.set('v', randomBytes(64))
    const volume = volumeOf('v', backEnd)
    const local = at.open()
    assert.deepEqual(await local.apply(volume, signal), { phase: 'Ready', bytes: 8 * mebibyte, encryption: backEnd.name })
    assert.deepEqual(await mountsBelow(at.root), [])
    const image = join(at.root, 'volumes', 'v', 'image')
    const pod = await at.pod('p1')
    const device = join(pod, 'volumes', 'v', 'device')
    await local.stageDevice('v', pod, device, signal)
    const { mode, uid } = await lstat(device)
    assert.deepEqual([mode & 0o7777, uid], [0o660, 0])
    assert.equal(bytesOf(device), 8 * mebibyte)
    assert.equal(await read(device, 64), '\0'.repeat(64), 'it holds nothing of others')
    await write(device, canary, 4 * mebibyte)
    execFileSync('sync')
    assert.equal((await readFile(image)).includes(canary), backEnd.name === 'none', 'only in clear it is on the medium')
    // A second pod of the claim has the same device.
    const second = await at.pod('p2')
    await local.stageDevice('v', second, join(second, 'device'), signal)
    assert.equal(await numberOf(join(second, 'device')), await numberOf(device))
    // Not as files.
    await assert.rejects(local.stage('v', pod, signal), /volume "v" has the volumeMode Block, and its PersistentVolume Filesystem/)
    // A snapshot of the device in use.
    at.keys.set('s', Buffer.from(at.keys.get('v') ?? ''))
    assert.equal((await local.apply(volumeOf('s', backEnd, { source: 'v' }), signal))?.phase, 'Ready')
    const asFiles = await local.apply(volumeOf('f', backEnd, { source: 'v', volumeMode: 'Filesystem' }), signal)
    assert.match(asFiles?.message ?? '', /has the volumeMode Block$/)
    await write(device, 'later', 4 * mebibyte)
    // It grows at once, where the kernel permits that.
    const larger = volumeOf('v', backEnd, { bytes: 100 * mebibyte })
    const grown = await local.apply({ ...larger, status: { phase: 'Ready', bytes: 8 * mebibyte } }, signal)
    assert.equal(bytesOf(device), (grown?.message === undefined ? 100 : 8) * mebibyte)
    // An agent that was killed: the next one gives the same device.
    const again = at.open()
    await again.sweep()
    await again.stageDevice('v', pod, device, signal, { namespace: 'shop', claim: 'disk' })
    assert.deepEqual(await again.room(), [{ namespace: 'shop', claim: 'disk', usage: [{ unit: 'BYTES', total: bytesOf(device) }] }])
    assert.equal(await read(device, 5, 4 * mebibyte), 'later')
    for (const folder of [pod, second]) {
      await again.release(folder)
      await rm(folder, { recursive: true })
    }
    assert.deepEqual(await mountsBelow(at.root), [])
    await until(() => !loopFiles().includes(at.root), 'no loop device is left')
    const third = await at.pod('p3')
    const later = join(third, 'device')
    await again.stageDevice('v', third, later, signal)
    assert.deepEqual(await again.apply(larger, signal), { phase: 'Ready', bytes: 100 * mebibyte, encryption: backEnd.name })
    assert.equal(bytesOf(later), 100 * mebibyte)
    assert.equal(await read(later, 5, 4 * mebibyte), 'later')
    await write(later, 'end', 100 * mebibyte - 3)
    await again.release(third)
    await rm(third, { recursive: true })
    await again.apply(ending(larger), signal)
    // What was restored has the content of then.
    const fourth = await at.pod('p4')
    at.keys.set('r', Buffer.from(at.keys.get('s') ?? ''))
    assert.equal((await again.apply(volumeOf('r', backEnd, { source: 's', bytes: 16 * mebibyte }), signal))?.phase, 'Ready')
    const restored = join(fourth, 'device')
    await again.stageDevice('r', fourth, restored, signal)
    assert.equal(bytesOf(restored), 16 * mebibyte)
    assert.equal(await read(restored, canary.length, 4 * mebibyte), canary)
    await again.release(fourth)
    await rm(fourth, { recursive: true })
    for (const name of ['r', 's', 'v']) assert.deepEqual(await again.apply(ending(volumeOf(name, backEnd)), signal), { phase: 'Removed' })
    assert.deepEqual(await readdir(join(at.root, 'volumes')), [])
    assert.deepEqual(await readdir(join(at.root, 'mounts')), [])
    await until(() => !loopFiles().includes(at.root), 'no loop device is left')
  })

test('a pod that detaches its device keeps it, and no other volume gets its number while the pod runs', async t => {
  if (!isRoot) return t.skip('only root has loop devices')
  await using at = await localVolumesBench(none)
  const local = at.open()
  const [thief, victim] = [await at.pod('thief'), await at.pod('victim')]
  const device = join(thief, 'device')
  for (const name of ['v', 'w']) await local.apply(volumeOf(name, none), signal)
  await local.stageDevice('v', thief, device, signal)
  const loop = await loopOf(device)
  const content = () => execFileSync('losetup', ['--noheadings', '--output', 'BACK-FILE', loop], { encoding: 'utf8' }).trim()
  const own = content()
  assert.ok(own.endsWith('/v/data/block'))
  // LOOP_CLR_FD: whoever may open the device may do it.
  await runVolumeProgram('losetup', ['--detach', loop])
  await local.stageDevice('w', victim, join(victim, 'device'), signal)
  assert.equal(content(), own)
  await write(join(victim, 'device'), canary)
  assert.equal(await read(device, canary.length), '\0'.repeat(canary.length))
  // What is attached no more is found when the next container starts.
  await write(device, 'kept')
  await local.stageDevice('v', thief, device, signal)
  assert.equal(await read(device, 4), 'kept')
  for (const pod of [thief, victim]) {
    await local.release(pod)
    await rm(pod, { recursive: true })
  }
  await until(() => !loopFiles().includes(at.root), 'no loop device is left')
  assert.deepEqual(await mountsBelow(at.root), [])
})

test('a device at the path of a pod that belongs to another volume is replaced', async t => {
  if (!isRoot) return t.skip('only root has loop devices')
  await using at = await localVolumesBench(none)
  const local = at.open()
  const pod = await at.pod('p')
  for (const name of ['v', 'w']) await local.apply(volumeOf(name, none), signal)
  await local.stageDevice('v', pod, join(pod, 'v'), signal)
  await local.stageDevice('w', pod, join(pod, 'w'), signal)
  await write(join(pod, 'v'), canary)
  await rm(join(pod, 'w'))
  execFileSync('cp', ['-a', join(pod, 'v'), join(pod, 'w')])
  assert.equal(await read(join(pod, 'w'), canary.length), canary)
  await local.stageDevice('w', pod, join(pod, 'w'), signal)
  assert.equal(await read(join(pod, 'w'), canary.length), '\0'.repeat(canary.length))
  await local.release(pod)
  await until(() => !loopFiles().includes(at.root), 'no loop device is left')
})
