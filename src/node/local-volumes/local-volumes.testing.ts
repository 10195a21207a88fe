// The volumes of one node in a folder of its own, with real file systems, for tests: only root can mount.
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../base/log.ts'
import { unmountBelow } from '../machine/mount-table.ts'
import type { BackEnd } from './back-end.ts'
import { backEnds } from './back-ends/index.ts'
import { LocalVolumes } from './local-volumes.ts'
import { type RunVolumeProgram, runVolumeProgram } from './program.ts'

const mebibyte = 2 ** 20

export interface Bench extends AsyncDisposable {
  readonly root: string
  readonly keys: Map<string, Buffer>
  pod(name: string): Promise<string>
  /** As after the start of an agent: nothing is remembered. */
  open(run?: RunVolumeProgram): LocalVolumes
}

/** `backEnd`: how the node encrypts; undefined if it cannot. */
export async function localVolumesBench(backEnd: BackEnd | undefined, freeBytes = 1024 * mebibyte): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), 'local-volumes-'))
  const [pods, volumes, mounts] = [join(root, 'pods'), join(root, 'volumes'), join(root, 'mounts')]
  for (const folder of [pods, volumes, mounts]) await mkdir(folder)
  const keys = new Map<string, Buffer>()
  return {
    root,
    keys,
    async pod(name) {
      await mkdir(join(pods, name), { recursive: true })
      return join(pods, name)
    },
    open: (run = runVolumeProgram) =>
      new LocalVolumes({
        folders: { volumes, mounts, nodeId: 'test' },
        ...{ pods, backEnds, run, log: silentLogger },
        encryption: async () => ({ backEnd, refused: backEnd === undefined ? ['luks: none here'] : [] }),
        async key(volume) {
          const key = keys.get(volume)
          if (key === undefined) throw new Error(`Volume "${volume}" has no key`)
          return Buffer.from(key)
        },
        freeBytes: async () => freeBytes,
      }),
    async [Symbol.asyncDispose]() {
      detachLoops(root)
      await unmountBelow(root)
      await rm(root, { recursive: true })
    },
  }
}

/** Files and devices that have loop devices on this machine. */
export const loopFiles = (): string => execFileSync('losetup', ['--all', '--noheadings', '--output', 'BACK-FILE'], { encoding: 'utf8' })

/** What a failed test left: devices of block volumes first, else their files stay in use. */
function detachLoops(root: string): void {
  const list = execFileSync('losetup', ['--all', '--noheadings', '--raw', '--output', 'NAME,BACK-FILE'], { encoding: 'utf8' })
  const loops = list.split('\n').map(line => line.split(' '))
  const own = loops.filter(([, file = '']) => file.startsWith(`${root}/`)).map(([name]) => name ?? '')
  const holders = loops.filter(([, file = '']) => own.includes(file)).map(([name]) => name ?? '')
  for (const device of [...holders, ...own]) execFileSync('losetup', ['--detach', device], { stdio: 'ignore' })
}
