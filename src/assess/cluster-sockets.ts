// All sockets of the machine that belong to the cluster: of every process of it, wherever that stands in the process tree. Those of containers
// are the tenants'.
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { codeOf } from '../base/user-error.ts'
import { commandLine, type ListeningSocket, listeningSockets, processTree } from './listening-sockets.ts'
import type { ClusterMachine } from './proof.ts'

export interface ClusterSocket extends ListeningSocket {
  /** The part of the cluster, or the program of a process that belongs to none. */
  readonly part: string
}

/** Of containerd: its children are containers. */
const shim = 'containerd-shim'

/** Rejects with EACCES if a process belongs to another user and we are not root. */
export async function clusterSockets(machine: ClusterMachine): Promise<ClusterSocket[]> {
  const owners = await clusterProcesses(machine)
  const found: ClusterSocket[] = []
  for (const [pid, part] of owners) for (const socket of await socketsOf(pid)) found.push({ ...socket, part })
  return found
}

/** By process id the name of the part. */
export async function clusterProcesses({ parts, dataDirectory }: ClusterMachine): Promise<ReadonlyMap<number, string>> {
  const owners = new Map<number, string>()
  // The processes of a part are also processes of `up`, which comes first: the more exact name wins.
  for (const { name, pid } of parts) for (const child of await processTree(pid)) owners.set(child, name)
  const marks = await marksOf(owners, dataDirectory)
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry)
    if (Number.isInteger(pid) && pid !== process.pid && !owners.has(pid) && (await isMarked(pid, marks)))
      owners.set(pid, await programOf(pid))
  }
  for (const pid of [...owners.keys()])
    if ((await programOf(pid)).startsWith(shim))
      for (const container of await processTree(pid))
        if (container !== pid && !(await programOf(container)).startsWith(shim)) owners.delete(container)
  return owners
}

/** The control group of one service of systemd, but not of a user's whole session. */
const ownService = /\/(?!user@)[^/]+\.service$/m

/** By which a process belongs to the cluster even if its parent has ended. */
interface Marks {
  readonly users: ReadonlySet<number>
  readonly groups: ReadonlySet<string>
  readonly dataDirectory: string | undefined
}

/** Users and control groups that only the cluster has. */
async function marksOf(owners: ReadonlyMap<number, string>, dataDirectory: string | undefined): Promise<Marks> {
  const users = new Set<number>()
  const groups = new Set<string>()
  for (const pid of owners.keys()) {
    users.add(await userOf(pid))
    groups.add(await groupOf(pid))
  }
  users.delete(-1)
  users.delete(0)
  users.delete(process.getuid?.() ?? 0)
  // Of a session, a container or the whole machine other programs are members too.
  for (const group of groups) if (!ownService.test(group)) groups.delete(group)
  groups.delete(await groupOf(process.pid))
  groups.delete(await groupOf(1))
  return { users, groups, dataDirectory }
}

async function isMarked(pid: number, { users, groups, dataDirectory }: Marks): Promise<boolean> {
  if (users.has(await userOf(pid)) || groups.has(await groupOf(pid))) return true
  if (dataDirectory === undefined || pid === process.ppid) return false
  // Of a process that even root may not look into, for example outside of this container, the path stays unknown.
  const program = await ifThere(readlink(`/proc/${pid}/exe`), '', ['EACCES', 'EPERM'])
  // A command of an administrator may name the directory; a process of the cluster has its socket or its program there.
  return (
    program.startsWith(`${dataDirectory}/`) || ((await programOf(pid)).startsWith(shim) && (await commandLine(pid)).includes(dataDirectory))
  )
}

const userOf = async (pid: number): Promise<number> => (await ifThere<{ readonly uid: number }>(stat(`/proc/${pid}`), { uid: -1 })).uid
const groupOf = async (pid: number): Promise<string> => (await ifThere(readFile(`/proc/${pid}/cgroup`, 'utf8'), '')).trim()
const programOf = async (pid: number): Promise<string> => (await ifThere(readFile(`/proc/${pid}/comm`, 'utf8'), '')).trim()

async function socketsOf(pid: number): Promise<readonly ListeningSocket[]> {
  return await ifThere(listeningSockets(pid), [])
}

/** The process may end while it is read. */
async function ifThere<T>(read: Promise<T>, ended: T, more: readonly string[] = []): Promise<T> {
  try {
    return await read
  } catch (err) {
    if (['ENOENT', 'ESRCH', 'EINVAL', ...more].includes(codeOf(err))) return ended
    throw err
  }
}
