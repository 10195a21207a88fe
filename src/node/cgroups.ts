// The pod-level cgroups, on a v1 machine in each controller's hierarchy, on a v2 machine in the one tree.
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'

export type CgroupVersion = 'v1' | 'v2'

/** v2 when /sys/fs/cgroup itself is the unified tree with the controllers that pods need. */
export async function detectCgroups(root = '/sys/fs/cgroup'): Promise<CgroupVersion> {
  const controllers = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => '')
  return controllers.split(/\s/).includes('memory') ? 'v2' : 'v1'
}

export interface PodLimits {
  readonly cpuShares: number
  /** Microseconds of CPU time per 100 ms; undefined is unlimited. */
  readonly cpuQuota?: number
  readonly memoryBytes?: number
  readonly pids: number
}

const period = 100_000
const v1Controllers = ['cpu', 'memory', 'pids'] as const

/** Makes the pod's cgroup with its limits; `path` is absolute inside the hierarchy. Containers go below it. */
export async function createPodCgroup(version: CgroupVersion, path: string, limits: PodLimits, root = '/sys/fs/cgroup'): Promise<void> {
  if (version === 'v2') return await createV2(path, limits, root)
  const files: Record<(typeof v1Controllers)[number], Record<string, string>> = {
    cpu: {
      'cpu.shares': String(limits.cpuShares),
      ...(limits.cpuQuota === undefined ? {} : { 'cpu.cfs_period_us': String(period), 'cpu.cfs_quota_us': String(limits.cpuQuota) }),
    },
    memory: limits.memoryBytes === undefined ? {} : { 'memory.limit_in_bytes': String(limits.memoryBytes) },
    pids: { 'pids.max': String(limits.pids) },
  }
  for (const controller of v1Controllers) {
    const directory = join(root, controller, path)
    await mkdir(directory, { recursive: true })
    for (const [file, value] of Object.entries(files[controller])) await writeFile(join(directory, file), value)
  }
}

async function createV2(path: string, limits: PodLimits, root: string): Promise<void> {
  let directory = root
  for (const part of path.split('/').filter(Boolean)) {
    // A controller reaches a child only when its parent hands it on.
    await writeFile(join(directory, 'cgroup.subtree_control'), '+cpu +memory +pids')
    directory = join(directory, part)
    await mkdir(directory, { recursive: true })
  }
  await writeFile(join(directory, 'cpu.weight'), String(cpuWeight(limits.cpuShares)))
  if (limits.cpuQuota !== undefined) await writeFile(join(directory, 'cpu.max'), `${limits.cpuQuota} ${period}`)
  if (limits.memoryBytes !== undefined) await writeFile(join(directory, 'memory.max'), String(limits.memoryBytes))
  await writeFile(join(directory, 'pids.max'), String(limits.pids))
}

/** Shares 2..262144 to weight 1..10000, as runc and the kubelet map them. */
export function cpuWeight(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142)
}

/** Removes the cgroup and all below it, in every hierarchy; what still runs in it is killed. Resolves when it is gone. */
export async function removeCgroup(path: string, clock: Clock, signal: AbortSignal, root = '/sys/fs/cgroup'): Promise<void> {
  const hierarchies = (await detectCgroups(root)) === 'v2' ? [root] : (await readdir(root)).map(name => join(root, name))
  for (const hierarchy of hierarchies) await removeTree(join(hierarchy, path), clock, signal)
}

async function removeTree(directory: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name), clock, signal)
  for (;;) {
    const failure = await rmdir(directory).then(
      () => undefined,
      (err: NodeJS.ErrnoException) => err.code,
    )
    if (failure === undefined || failure === 'ENOENT' || failure === 'ENOTDIR') return
    if (failure !== 'EBUSY') throw new Error(`Cannot remove the cgroup "${directory}": ${failure}`)
    await killMembers(directory)
    await clock.sleep(10, signal)
  }
}

async function killMembers(directory: string): Promise<void> {
  const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')
  for (const pid of text.split('\n').filter(Boolean).map(Number)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended meanwhile; the caller looks again.
    }
  }
}
