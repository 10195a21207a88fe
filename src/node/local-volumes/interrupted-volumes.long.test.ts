// An agent that is killed before or after any program that it runs for a volume: the next one brings the volume to its state, loses nothing,
// and leaves no mount, loop device or file behind. With real file systems, as root.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import { nodeFinalizer } from '../../api/volumes/local-volume-names.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { mountsBelow, unmountBelow } from '../machine/mount-table.ts'
import type { BackEnd } from './back-end.ts'
import { encryptingBackEnds } from './back-ends/index.ts'
import { LocalVolumes } from './local-volumes.ts'
import { type RunVolumeProgram, runVolumeProgram } from './program.ts'

const { signal } = new AbortController()
const mebibyte = 2 ** 20
/** More programs than any of these steps runs. */
const maxPrograms = 40

class Killed extends Error {}

/** Runs until the program of this number, and then nothing any more: as if the process had ended. */
function killedAt(number: number, when: 'before' | 'after') {
  let count = 0
  const run: RunVolumeProgram = async (program, args, input) => {
    const at = count++
    if (at > number || (at === number && when === 'before')) throw new Killed()
    const output = await runVolumeProgram(program, args, input)
    if (at === number) throw new Killed()
    return output
  }
  return { run, wasKilled: () => count > number }
}

const loops = () => execFileSync('losetup', ['--all', '--noheadings', '--output', 'BACK-FILE'], { encoding: 'utf8' })

for (const backEnd of encryptingBackEnds)
  test(`an agent that is killed at any program leaves nothing behind: ${backEnd.name}`, async t => {
    if (process.getuid?.() !== 0) return t.skip('only root can mount')
    const why = await backEnd.impossible?.()
    if (why !== undefined) return t.skip(why)
    let kills = 0
    for (const when of ['before', 'after'] as const)
      for (let number = 0; number < maxPrograms; number++) {
        const { run, wasKilled } = killedAt(number, when)
        await lifeOf(backEnd, run)
        if (!wasKilled()) break
        kills++
      }
    assert.ok(kills > 10, `${kills} kills`)
  })

/** The life of a volume, with the first agent killed somewhere in it. */
async function lifeOf(backEnd: BackEnd, killed: RunVolumeProgram): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'interrupted-volumes-'))
  const [pods, volumes, mounts] = [join(root, 'pods'), join(root, 'volumes'), join(root, 'mounts')]
  const pod = join(pods, 'p')
  for (const folder of [pod, volumes, mounts]) await mkdir(folder, { recursive: true })
  const key = randomBytes(64)
  const agent = (run: RunVolumeProgram) =>
    new LocalVolumes({
      ...{ folders: { volumes, mounts, nodeId: 'test' }, pods, backEnds: [backEnd], run, log: silentLogger },
      encryption: async () => ({ backEnd, refused: [] }),
      key: async () => Buffer.from(key),
      freeBytes: async () => 2 ** 40,
    })
  const volumeOf = (bytes: number, metadata: LocalVolume['metadata'] = {}): LocalVolume => ({
    metadata: { name: 'v', ...metadata },
    spec: { nodeName: 'n', bytes, encryption: 'required' },
  })
  const ending = volumeOf(mebibyte, { deletionTimestamp: new Date().toISOString(), finalizers: [nodeFinalizer] })
  try {
    const first = agent(killed)
    let wrote = false
    try {
      const made = await first.apply(volumeOf(mebibyte), signal)
      if (made?.phase !== 'Ready') throw new Killed()
      await writeFile(join(await first.stage('v', pod, signal), 'f'), 'kept', { flush: true })
      wrote = true
      await first.release(pod)
      await first.apply(volumeOf(20 * mebibyte), signal)
      await first.apply(ending, signal)
    } catch (err) {
      if (!(err instanceof Killed)) throw err
    }
    const next = agent(runVolumeProgram)
    await next.sweep()
    const isGone = wrote && (await readdir(volumes)).length === 0
    if (!isGone) {
      assert.equal((await next.apply(volumeOf(mebibyte), signal))?.phase, 'Ready')
      const path = await next.stage('v', pod, signal)
      if (wrote) assert.equal(await readFile(join(path, 'f'), 'utf8'), 'kept')
      await next.release(pod)
    }
    await rm(pod, { recursive: true })
    assert.deepEqual(await next.apply(ending, signal), { phase: 'Removed' })
    assert.deepEqual(await mountsBelow(root), [])
    assert.deepEqual([await readdir(volumes), await readdir(mounts)], [[], []])
    // A process that ends holds its file system a moment longer.
    await until(() => !loops().includes(root), 'no loop device is left')
  } finally {
    await unmountBelow(root)
    await rm(root, { recursive: true })
  }
}
