// How long a claim's volume takes to mount, and what its file system gives compared with the same tool mounted by hand. As root:
// `node bench/local-volumes.ts`.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../src/base/log.ts'
import { backEnds } from '../src/node/local-volumes/back-ends/index.ts'
import { LocalVolumes } from '../src/node/local-volumes/local-volumes.ts'
import { runVolumeProgram } from '../src/node/local-volumes/program.ts'
import { volumePlace } from '../src/node/local-volumes/volume-place.ts'
import { unmountBelow } from '../src/node/machine/mount-table.ts'

const rounds = 11
const bytes = 256 * 2 ** 20
const written = 128 * 2 ** 20
const { signal } = new AbortController()
const key = randomBytes(64)

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function throughput(folder: string): Promise<number> {
  const began = performance.now()
  const file = await open(join(folder, 'file'), 'w')
  const piece = randomBytes(2 ** 20)
  for (let at = 0; at < written; at += piece.length) await file.write(piece)
  await file.sync()
  await file.close()
  const mebibytes = written / 2 ** 20 / ((performance.now() - began) / 1000)
  await rm(join(folder, 'file'))
  return mebibytes
}

for (const backEnd of backEnds) {
  if ((await backEnd.impossible?.()) !== undefined) continue
  const root = await mkdtemp(join(tmpdir(), 'bench-volumes-'))
  const folders = { volumes: join(root, 'volumes'), mounts: join(root, 'mounts'), nodeId: 'bench' }
  const pod = join(root, 'pods', 'p')
  for (const folder of [folders.volumes, folders.mounts, pod]) await mkdir(folder, { recursive: true })
  const volumes = new LocalVolumes({
    ...{ folders, pods: join(root, 'pods'), backEnds, run: runVolumeProgram, log: silentLogger },
    encryption: async () => ({ backEnd, refused: [] }),
    key: async () => Buffer.from(key),
    freeBytes: async () => 2 ** 40,
  })
  const encryption = backEnd.name === 'none' ? 'none' : 'required'
  const began = performance.now()
  await volumes.apply({ metadata: { name: 'v' }, spec: { nodeName: 'n', bytes, encryption } }, signal)
  const made = performance.now() - began
  const mounts: number[] = []
  const ours: number[] = []
  const theirs: number[] = []
  const place = volumePlace(folders, 'v')
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const path = await volumes.stage('v', pod, signal)
    mounts.push(performance.now() - start)
    ours.push(await throughput(path))
    await volumes.release(pod)
    // The tool alone.
    await backEnd.open(place, key, runVolumeProgram)
    theirs.push(await throughput(place.content))
    await backEnd.close(place, runVolumeProgram)
  }
  const [mine, tool] = [median(ours), median(theirs)]
  console.log(
    `${backEnd.name}: made in ${made.toFixed(0)} ms, mounted in ${median(mounts).toFixed(0)} ms (slowest ${Math.max(...mounts).toFixed(0)}), writes ${mine.toFixed(0)} MiB/s, the tool alone ${tool.toFixed(0)} (${((mine / tool) * 100).toFixed(0)} %)`,
  )
  await unmountBelow(root)
  await rm(root, { recursive: true })
}
execFileSync('sync')
