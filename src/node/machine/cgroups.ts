// Pod-level cgroups: on v1 in each controller's hierarchy, on v2 in the unified tree.
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { codeOf } from '../../base/user-error.ts'

export type CgroupVersion = 'v1' | 'v2'

const needed = ['cpu', 'memory', 'pids'] as const

/**
 * v2 if /sys/fs/cgroup itself is the unified tree; v1 also if a unified tree without controllers is mounted beside its hierarchies. Throws
 * if a controller that pods need is missing: on v1 its folder would be an ordinary one, and limits written there would have no effect.
 */
export async function detectCgroups(root = '/sys/fs/cgroup'): Promise<CgroupVersion> {
  const controllers = await readText(join(root, 'cgroup.controllers'))
  const has = async (name: string) =>
    controllers === undefined ? (await readText(join(root, name, 'cgroup.procs'))) !== undefined : controllers.split(/\s/).includes(name)
  const missing: string[] = []
  for (const name of needed) if (!(await has(name))) missing.push(name)
  if (missing.length > 0)
    throw new Error(`Cannot run pods: this machine has no cgroup controller ${missing.map(name => `"${name}"`).join(', ')}`)
  return controllers === undefined ? 'v1' : 'v2'
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (err) {
    // ENODEV: the cgroup was removed after it was opened.
    if (err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ENOTDIR' || err.code === 'ENODEV'))
      return undefined
    throw err
  }
}

/**
 * The kubelet's settings for each container on v2: no swap, and out of memory kills the whole container, since what survives a killed child
 * seldom works on. Creates `path`, the cgroup of all pods. `memory.swap.max` exists only if the kernel accounts for swap.
 */
export async function containerSettings(
  version: CgroupVersion,
  path: string,
  root = '/sys/fs/cgroup',
): Promise<Readonly<Record<string, string>>> {
  if (version === 'v1') return {}
  const swap = await readText(join(await makeV2(path, root), 'memory.swap.max'))
  return { 'memory.oom.group': '1', ...(swap === undefined ? {} : { 'memory.swap.max': '0' }) }
}

export interface PodLimits {
  readonly cpuShares: number
  /** Microseconds of CPU time per 100 ms; undefined means unlimited. */
  readonly cpuQuota?: number
  readonly memoryBytes?: number
  readonly pids: number
}

const period = 100_000

/** Creates the pod's cgroup with its limits; `path` is absolute inside the hierarchy. Its containers' cgroups are children. */
export async function createPodCgroup(version: CgroupVersion, path: string, limits: PodLimits, root = '/sys/fs/cgroup'): Promise<void> {
  if (version === 'v2') return await createV2(path, limits, root)
  const files: Record<(typeof needed)[number], Record<string, string>> = {
    cpu: {
      'cpu.shares': String(limits.cpuShares),
      ...(limits.cpuQuota === undefined ? {} : { 'cpu.cfs_period_us': String(period), 'cpu.cfs_quota_us': String(limits.cpuQuota) }),
    },
    memory: limits.memoryBytes === undefined ? {} : { 'memory.limit_in_bytes': String(limits.memoryBytes) },
    pids: { 'pids.max': String(limits.pids) },
  }
  for (const controller of needed) {
    const directory = join(root, controller, path)
    await mkdir(directory, { recursive: true })
    for (const [file, value] of Object.entries(files[controller])) await writeFile(join(directory, file), value)
  }
}

async function createV2(path: string, limits: PodLimits, root: string): Promise<void> {
  const directory = await makeV2(path, root)
  await writeFile(join(directory, 'cpu.weight'), String(cpuWeight(limits.cpuShares)))
  if (limits.cpuQuota !== undefined) await writeFile(join(directory, 'cpu.max'), `${limits.cpuQuota} ${period}`)
  if (limits.memoryBytes !== undefined) await writeFile(join(directory, 'memory.max'), String(limits.memoryBytes))
  await writeFile(join(directory, 'pids.max'), String(limits.pids))
}

async function makeV2(path: string, root: string): Promise<string> {
  let directory = root
  for (const part of path.split('/').filter(Boolean)) {
    // A child gets a controller only if its parent enables it.
    await writeFile(join(directory, 'cgroup.subtree_control'), needed.map(name => `+${name}`).join(' '))
    directory = join(directory, part)
    await mkdir(directory, { recursive: true })
  }
  return directory
}

/** The common limits of all pods of the node. */
export interface NodeLimits {
  readonly memoryBytes: number
  readonly pids: number
}

/** Limits the cgroup of all pods, and creates it if needed. Rejects if more memory is in use and the kernel cannot reclaim it. */
export async function limitNodeCgroup(version: CgroupVersion, path: string, limits: NodeLimits, root = '/sys/fs/cgroup'): Promise<void> {
  const set = (directory: string, file: string, value: number) => writeFile(join(directory, file), String(value))
  if (version === 'v2') {
    const directory = await makeV2(path, root)
    await set(directory, 'memory.max', limits.memoryBytes)
    await set(directory, 'pids.max', limits.pids)
    return
  }
  const [memory, pids] = [join(root, 'memory', path), join(root, 'pids', path)]
  for (const directory of [memory, pids]) await mkdir(directory, { recursive: true })
  await set(memory, 'memory.limit_in_bytes', limits.memoryBytes)
  await set(pids, 'pids.max', limits.pids)
}

export interface GroupUsage {
  /** Without memory that the kernel can drop: inactive file pages. */
  readonly workingSetBytes: number
  readonly pids: number
}

/** Usage of a cgroup with its children; undefined if it was removed. */
export async function groupUsage(version: CgroupVersion, path: string, root = '/sys/fs/cgroup'): Promise<GroupUsage | undefined> {
  const [memory, pids] = version === 'v2' ? [join(root, path), join(root, path)] : [join(root, 'memory', path), join(root, 'pids', path)]
  const [used, stat, processes] = await Promise.all([
    readText(join(memory, version === 'v2' ? 'memory.current' : 'memory.usage_in_bytes')),
    readText(join(memory, 'memory.stat')),
    readText(join(pids, 'pids.current')),
  ])
  if (used === undefined || stat === undefined || processes === undefined) return undefined
  const inactive = (version === 'v2' ? /^inactive_file (\d+)$/m : /^total_inactive_file (\d+)$/m).exec(stat)?.[1]
  return { workingSetBytes: Math.max(0, Number(used) - Number(inactive ?? 0)), pids: Number(processes) }
}

/** Shares 2..262144 to weight 1..10000, as runc and the kubelet map them. */
export function cpuWeight(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142)
}

/** Removes the cgroup and its children in every hierarchy, and kills their processes. Resolves when it is removed. */
export async function removeCgroup(path: string, clock: Clock, signal: AbortSignal, root = '/sys/fs/cgroup'): Promise<void> {
  const unified = (await readText(join(root, 'cgroup.controllers'))) !== undefined
  const hierarchies = unified ? [root] : (await readdir(root)).map(name => join(root, name))
  for (const hierarchy of hierarchies) await removeTree(join(hierarchy, path), clock, signal)
}

async function removeTree(directory: string, clock: Clock, signal: AbortSignal): Promise<void> {
  // A cgroup removed meanwhile has no children and no members. To remove what is not there fails with EROFS where the folder above is read-only.
  const entries = await readdir(directory, { withFileTypes: true }).catch((err: unknown) => (codeOf(err) === 'ENOENT' ? undefined : []))
  if (entries === undefined) return
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
  for (const pid of membersOf(text)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // The process ended meanwhile; the caller checks again.
    }
  }
}

/** Never 0, a process of another PID namespace, for which `kill` would hit the agent's own group; never the machine's init. */
export function membersOf(procs: string): number[] {
  return procs
    .split('\n')
    .map(Number)
    .filter(pid => Number.isSafeInteger(pid) && pid > 1)
}
