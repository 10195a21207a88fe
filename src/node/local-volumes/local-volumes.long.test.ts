// With real file systems: only root can mount. Each way of encryption that this machine has is tested.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import { keyFinalizer, nodeFinalizer } from '../../api/volumes/local-volume-names.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { mountsBelow } from '../machine/mount-table.ts'
import type { BackEnd } from './back-end.ts'
import { backEnds, encryptingBackEnds } from './back-ends/index.ts'
import { localVolumesBench, loopFiles } from './local-volumes.testing.ts'
import { runVolumeProgram } from './program.ts'
import { tryBackEnds } from './try-back-ends.ts'

const { signal } = new AbortController()
const mebibyte = 2 ** 20
const isRoot = process.getuid?.() === 0
const canary = `canary-${randomBytes(12).toString('hex')}`

const volumeOf = (name: string, bytes: number, encryption = 'required', more: Partial<LocalVolume['metadata']> = {}): LocalVolume => ({
  metadata: { name, finalizers: [keyFinalizer, nodeFinalizer], ...more },
  spec: { nodeName: 'n1', bytes, encryption },
})

const grep = async (path: string, text: string): Promise<boolean> => (await readFile(path)).includes(text)

for (const backEnd of backEnds) {
  test(`LocalVolumes keeps content by ${backEnd.name}`, async t => {
    if (!isRoot) return t.skip('only root can mount')
    const why = await backEnd.impossible?.()
    if (why !== undefined) return t.skip(why)
    await using at = await localVolumesBench(backEnd)
    const encryption = backEnd.name === 'none' ? 'none' : 'required'
    at.keys.set('v', randomBytes(64))
    const volume = volumeOf('v', 40 * mebibyte, encryption)
    let local = at.open()
    assert.deepEqual(await local.apply(volume, signal), { phase: 'Ready', bytes: 40 * mebibyte, encryption: backEnd.name })
    const image = join(at.root, 'volumes', 'v', 'image')
    const pod = await at.pod('p1')
    const path = await local.stage('v', pod, signal, { namespace: 'shop', claim: 'data' })
    await writeFile(join(path, canary), canary, { flush: true })
    execFileSync('sync')
    assert.equal(await grep(image, canary), backEnd.name === 'none', 'only in clear it is on the medium')
    const [room] = await local.room()
    assert.deepEqual([room?.namespace, room?.claim], ['shop', 'data'])
    const [bytes, inodes] = room?.usage ?? []
    assert.ok((bytes?.total ?? 0) > 20 * mebibyte && (bytes?.total ?? 0) <= 40 * mebibyte, JSON.stringify(bytes))
    assert.ok((bytes?.used ?? 0) > 0 && (inodes?.used ?? 0) > 0)
    // The quota.
    await assert.rejects(writeFile(join(path, 'large'), Buffer.alloc(48 * mebibyte)), { code: 'ENOSPC' })
    await rm(join(path, 'large'))
    // Grows while it is used, where the kernel permits that.
    const larger = { ...volume, spec: { ...volume.spec, bytes: 90 * mebibyte }, status: { phase: 'Ready', bytes: 40 * mebibyte } }
    const grown = await local.apply(larger, signal)
    const permitted = grown?.message === undefined
    if (!permitted) assert.match(grown?.message ?? '', /^the file system grows when no pod uses the volume: .*Permission denied/s)
    const megabytes = async () => statfs(path).then(({ blocks, bsize }) => (blocks * bsize) / mebibyte)
    assert.equal((await megabytes()) > 70, permitted)
    // An agent that was killed: the next one finds it mounted, without a key.
    local = at.open()
    const key = at.keys.get('v') ?? Buffer.alloc(0)
    at.keys.delete('v')
    assert.equal(await local.stage('v', pod, signal), path)
    await local.sweep()
    assert.equal(await readFile(join(path, canary), 'utf8'), canary)
    // A second pod keeps it mounted.
    const second = await at.pod('p2')
    await local.stage('v', second, signal)
    await local.release(pod)
    await rm(pod, { recursive: true })
    assert.equal(await readFile(join(path, canary), 'utf8'), canary)
    await local.release(second)
    await rm(second, { recursive: true })
    assert.deepEqual(await local.room(), [])
    assert.deepEqual(await mountsBelow(at.root), [])
    await until(() => !loopFiles().includes(at.root), 'no loop device is left')
    // Mounted again, with its key alone.
    const third = await at.pod('p3')
    if (backEnd.name !== 'none') {
      await assert.rejects(local.stage('v', third, signal), /has no key/)
      at.keys.set('v', randomBytes(64))
      await assert.rejects(local.stage('v', third, signal))
      await local.sweep()
    }
    at.keys.set('v', key)
    assert.equal(await readFile(join(await local.stage('v', third, signal), canary), 'utf8'), canary)
    assert.ok((await megabytes()) > 70, 'it has grown, at the latest now')
    assert.deepEqual(await local.apply(larger, signal), { phase: 'Ready', bytes: 90 * mebibyte, encryption: backEnd.name })
    // Deleted: not while it is in use, and not before its key.
    const ending = { deletionTimestamp: new Date().toISOString() }
    assert.equal(await local.apply(volumeOf('v', 1, encryption, ending), signal), undefined)
    const erased = volumeOf('v', 1, encryption, { ...ending, finalizers: [nodeFinalizer] })
    assert.equal(await local.apply(erased, signal), undefined)
    await local.release(third)
    await rm(third, { recursive: true })
    assert.deepEqual(await local.apply(erased, signal), { phase: 'Removed' })
    await assert.rejects(access(image))
    assert.deepEqual(await readdir(join(at.root, 'mounts')), [])
    await until(() => !loopFiles().includes(at.root), 'no loop device is left')
  })
}

test('LocalVolumes makes no volume for which it has no encryption, no room or no key', async t => {
  if (!isRoot) return t.skip('only root can mount')
  const { backEnd } = await tryBackEnds(encryptingBackEnds, { volumes: tmpdir(), mounts: tmpdir(), nodeId: 'x' }, runVolumeProgram)
  {
    await using at = await localVolumesBench(undefined)
    const status = await at.open().apply(volumeOf('v', mebibyte), signal)
    assert.deepEqual(status, { phase: 'Failed', message: 'this node cannot encrypt volumes (luks: none here)' })
    assert.deepEqual(await readdir(join(at.root, 'volumes')), [])
  }
  await using at = await localVolumesBench(backEnd, 20 * mebibyte)
  const full = await at.open().apply(volumeOf('v', 30 * mebibyte), signal)
  assert.match(full?.message ?? '', /not enough room on the disk of the node/)
  const keyless = await at.open().apply(volumeOf('v', mebibyte), signal)
  assert.equal(keyless?.phase, 'Failed')
  assert.deepEqual(await readdir(join(at.root, 'volumes')), [])
  // An unfinished one is made anew.
  await mkdir(join(at.root, 'volumes', 'v'))
  await writeFile(join(at.root, 'volumes', 'v', 'image'), 'unfinished')
  at.keys.set('v', randomBytes(64))
  assert.equal((await at.open().apply(volumeOf('v', mebibyte), signal))?.phase, 'Ready')
  // Lost content is reported, and no empty volume is put in its place.
  await rm(join(at.root, 'volumes', 'v'), { recursive: true })
  const lost = await at.open().apply({ ...volumeOf('v', mebibyte), status: { phase: 'Ready', bytes: mebibyte } }, signal)
  assert.match(lost?.message ?? '', /not on the disk of the node any more/)
  assert.deepEqual(await readdir(join(at.root, 'volumes')), [])
})

test('LocalVolumes takes no names that lead elsewhere', async () => {
  await using at = await localVolumesBench(undefined)
  await chmod(at.root, 0o700)
  for (const name of ['..', '../x', 'a/b', '', 'A', 'a.b']) {
    await assert.rejects(at.open().stage(name, join(at.root, 'pods'), signal), /is not the name of a volume/)
    await assert.rejects(async () => await at.open().apply(volumeOf(name, mebibyte), signal), /is not the name of a volume/)
  }
})

test('tryBackEnds() names why each way does not work, and leaves nothing behind', async t => {
  if (!isRoot) return t.skip('only root can mount')
  const root = await mkdtemp(join(tmpdir(), 'trial-'))
  t.after(() => rm(root, { recursive: true }))
  const missing: BackEnd = {
    ...(encryptingBackEnds[1] ?? assert.fail()),
    name: 'missing',
    format: () => runVolumeProgram('no-such-program', []).then(),
  }
  const [, , , clear] = backEnds
  const inClear: BackEnd = { ...(clear ?? assert.fail()), name: 'pretender' }
  const found = await tryBackEnds([missing, inClear], { volumes: root, mounts: root, nodeId: 'x' }, runVolumeProgram)
  assert.deepEqual(found, {
    backEnd: undefined,
    refused: ['missing: program "no-such-program" is not installed', 'pretender: what was written is on the disk in clear'],
  })
  assert.deepEqual(await readdir(root), [])
  assert.ok(!loopFiles().includes(root))
})
