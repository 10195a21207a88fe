// Snapshots and restored volumes with real file systems: only root can mount.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import { nodeFinalizer } from '../../api/volumes/local-volume-names.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { mountsBelow, unmountBelow } from '../machine/mount-table.ts'
import type { BackEnd } from './back-end.ts'
import { backEnds } from './back-ends/index.ts'
import { none } from './back-ends/none.ts'
import { LocalVolumes, maxCopies } from './local-volumes.ts'
import { type RunVolumeProgram, runVolumeProgram } from './program.ts'

const { signal } = new AbortController()
const mebibyte = 2 ** 20
const isRoot = process.getuid?.() === 0

interface Bench extends AsyncDisposable {
  readonly root: string
  readonly keys: Map<string, Buffer>
  readonly pod: string
  open(run?: RunVolumeProgram): LocalVolumes
}

async function bench(backEnd: BackEnd, root?: string, freeBytes = 2 ** 30): Promise<Bench> {
  const at = await mkdtemp(join(root ?? tmpdir(), 'copied-volumes-'))
  const [pods, volumes, mounts] = [join(at, 'pods'), join(at, 'volumes'), join(at, 'mounts')]
  const pod = join(pods, 'p')
  for (const folder of [pod, volumes, mounts]) await mkdir(folder, { recursive: true })
  const keys = new Map<string, Buffer>()
  return {
    ...{ root: at, keys, pod },
    open: (run = runVolumeProgram) =>
      new LocalVolumes({
        folders: { volumes, mounts, nodeId: 'test' },
        ...{ pods, backEnds, run, log: silentLogger },
        encryption: async () => ({ backEnd, refused: [] }),
        async key(volume) {
          const key = keys.get(volume)
          if (key === undefined) throw new Error(`Volume "${volume}" has no key`)
          return Buffer.from(key)
        },
        freeBytes: async () => freeBytes,
      }),
    async [Symbol.asyncDispose]() {
      await unmountBelow(at)
      await rm(at, { recursive: true })
    },
  }
}

const volumeOf = (name: string, backEnd: BackEnd, source?: string, bytes = 40 * mebibyte): LocalVolume => ({
  metadata: { name },
  spec: { nodeName: 'n', bytes, encryption: backEnd.name === 'none' ? 'none' : 'required', ...(source === undefined ? {} : { source }) },
})
const ending = (volume: LocalVolume): LocalVolume => ({
  ...volume,
  metadata: { ...volume.metadata, deletionTimestamp: new Date().toISOString(), finalizers: [nodeFinalizer] },
})
/** Each key is in the place of a signer's copy. */
const copyKey = ({ keys }: Bench, name: string, source: string) => keys.set(name, Buffer.from(keys.get(source) ?? ''))
const isFrozen = (mount: string): boolean => {
  try {
    execFileSync('fsfreeze', ['--unfreeze', mount], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

for (const backEnd of backEnds)
  test(`a snapshot of a volume in use holds what was written before, and a volume restored from it: ${backEnd.name}`, async t => {
    if (!isRoot) return t.skip('only root can mount')
    const why = await backEnd.impossible?.()
    if (why !== undefined) return t.skip(why)
    await using at = await bench(backEnd)
    at.keys.set('v', randomBytes(64))
    const canary = `canary-${randomBytes(12).toString('hex')}`
    const local = at.open()
    await local.apply(volumeOf('v', backEnd), signal)
    const path = await local.stage('v', at.pod, signal)
    // Not synced: freezing writes it.
    await writeFile(join(path, 'before'), canary)
    copyKey(at, 's', 'v')
    assert.deepEqual(await local.apply(volumeOf('s', backEnd, 'v'), signal), {
      phase: 'Ready',
      bytes: 40 * mebibyte,
      encryption: backEnd.name,
    })
    assert.ok(!isFrozen(join(at.root, 'mounts', 'v')))
    await writeFile(join(path, 'after'), canary, { flush: true })
    const image = join(at.root, 'volumes', 's', 'image')
    assert.equal((await readFile(image)).includes(canary), backEnd.name === 'none', 'only in clear it is on the medium')
    // Reserved as a volume is, so that a full disk breaks none.
    const { blocks, size } = await stat(image)
    assert.ok(blocks * 512 >= size)
    // The source may go: key, content and all.
    await local.release(at.pod)
    await rm(at.pod, { recursive: true })
    await local.apply(ending(volumeOf('v', backEnd)), signal)
    at.keys.delete('v')
    copyKey(at, 'r', 's')
    const restored = await local.apply(volumeOf('r', backEnd, 's', 80 * mebibyte), signal)
    assert.deepEqual(restored, { phase: 'Ready', bytes: 80 * mebibyte, encryption: backEnd.name })
    await mkdir(at.pod)
    const again = await local.stage('r', at.pod, signal)
    assert.deepEqual([await readFile(join(again, 'before'), 'utf8'), (await readdir(again)).includes('after')], [canary, false])
    await writeFile(join(again, 'large'), Buffer.alloc(50 * mebibyte))
    await local.release(at.pod)
    await rm(at.pod, { recursive: true })
    for (const name of ['s', 'r']) assert.deepEqual(await local.apply(ending(volumeOf(name, backEnd)), signal), { phase: 'Removed' })
    assert.deepEqual([await mountsBelow(at.root), await readdir(join(at.root, 'volumes'))], [[], []])
  })

test('where the file system has reflinks, copies share blocks, and the room that they will need is not given to others', async t => {
  if (!isRoot) return t.skip('only root can mount')
  const root = await mkdtemp(join(tmpdir(), 'reflinks-'))
  const [image, mount] = [join(root, 'image'), join(root, 'xfs')]
  await mkdir(mount)
  await writeFile(image, '')
  await truncate(image, 320 * mebibyte)
  try {
    execFileSync('mkfs.xfs', ['-q', '-m', 'reflink=1', image])
    execFileSync('mount', ['-o', 'loop', image, mount])
  } catch (err) {
    await rm(root, { recursive: true })
    return t.skip(`no xfs here: ${String(err).split('\n')[0]}`)
  }
  try {
    await using at = await bench(none, mount, 200 * mebibyte)
    const local = at.open()
    await local.apply(volumeOf('v', none), signal)
    const path = await local.stage('v', at.pod, signal)
    await writeFile(join(path, 'f'), 'kept')
    assert.equal(await local.freeBytes(), 200 * mebibyte)
    assert.equal((await local.apply(volumeOf('s', none, 'v'), signal))?.phase, 'Ready')
    assert.match(
      execFileSync('xfs_io', ['-r', '-c', 'fiemap -v', join(at.root, 'volumes/s/image')], { encoding: 'utf8' }),
      /0x2[0-9a-f]{3}/,
    )
    assert.equal(await local.freeBytes(), 160 * mebibyte)
    const refused = await local.apply(volumeOf('w', none, undefined, 170 * mebibyte), signal)
    assert.match(refused?.message ?? '', /not enough room/)
    await local.release(at.pod)
    await rm(at.pod, { recursive: true })
    await local.apply(ending(volumeOf('s', none)), signal)
    assert.equal(await local.freeBytes(), 200 * mebibyte)
    await local.apply(ending(volumeOf('v', none)), signal)
  } finally {
    execFileSync('umount', [mount])
    await rm(root, { recursive: true })
  }
})

test('a copy of what is not there, or is encrypted otherwise, fails with the reason and leaves nothing', async t => {
  if (!isRoot) return t.skip('only root can mount')
  await using at = await bench(none)
  const local = at.open()
  const status = await local.apply(volumeOf('s', none, 'v'), signal)
  assert.deepEqual([status?.phase, /"v", of which this one is a copy, is not on the disk/.test(status?.message ?? '')], ['Failed', true])
  await local.apply(volumeOf('v', none), signal)
  const secret = { ...volumeOf('s', none, 'v'), spec: { ...volumeOf('s', none, 'v').spec, encryption: 'required' } }
  assert.match((await local.apply(secret, signal))?.message ?? '', /has the encryption "none"/)
  // Two that name each other wait for nothing.
  const circle = await Promise.all([local.apply(volumeOf('a', none, 'b'), signal), local.apply(volumeOf('b', none, 'a'), signal)])
  assert.deepEqual(
    circle.map(each => each?.phase),
    ['Failed', 'Failed'],
  )
  assert.deepEqual(await readdir(join(at.root, 'volumes')), ['v'])
  await local.apply(ending(volumeOf('v', none)), signal)
})

test('a copy that fails or hangs leaves the source thawed, and the next agent thaws what one left that was killed', async t => {
  if (!isRoot) return t.skip('only root can mount')
  await using at = await bench(none)
  let local = at.open()
  await local.apply(volumeOf('v', none), signal)
  const path = await local.stage('v', at.pod, signal)
  const mount = join(at.root, 'mounts', 'v')
  // As if `cp` took forever: the program is killed, and does not thaw.
  const hanging: RunVolumeProgram = (program, args, input, timeoutMs) =>
    program === 'sh'
      ? runVolumeProgram('sh', ['-c', 'fsfreeze --freeze "$1" && exec sleep 60', 'sh', args[3] ?? ''], undefined, 200)
      : runVolumeProgram(program, args, input, timeoutMs)
  const status = await at.open(hanging).apply(volumeOf('s', none, 'v'), signal)
  assert.equal(status?.phase, 'Failed')
  assert.ok(!isFrozen(mount))
  execFileSync('fsfreeze', ['--freeze', mount])
  local = at.open()
  await local.thawAll()
  await writeFile(join(path, 'f'), 'works', { flush: true })
  assert.ok(!isFrozen(mount))
  await local.release(at.pod)
  await rm(at.pod, { recursive: true })
  await local.apply(ending(volumeOf('v', none)), signal)
})

test('copies that take long hold up no other volume of the node', async t => {
  if (!isRoot) return t.skip('only root can mount')
  await using at = await bench(none)
  const held = Promise.withResolvers<void>()
  let copying = 0
  const local = at.open(async (program, args, ...more) => {
    if (program === 'sh') {
      copying++
      await held.promise
    }
    return await runVolumeProgram(program, args, ...more)
  })
  const names = Array.from({ length: maxCopies + 1 }, (_, index) => String(index))
  for (const name of names) await local.apply(volumeOf(`v${name}`, none), signal)
  const copies = names.slice(1).map(name => local.apply(volumeOf(`s${name}`, none, `v${name}`), signal))
  await until(() => copying === maxCopies, 'the copies are being made')
  const late = volumeOf('s0', none, 'v0')
  assert.equal(await local.apply(late, signal), undefined)
  assert.equal((await local.apply(volumeOf('other', none), signal))?.phase, 'Ready')
  held.resolve()
  for (const status of await Promise.all(copies)) assert.equal(status?.phase, 'Ready')
  assert.equal((await local.apply(late, signal))?.phase, 'Ready')
})
