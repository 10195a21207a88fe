// What a node of this data directory left on the machine, and its removal: everything is found by the directory's path or its id, so that
// other clusters' things stay. Works after a kill, and again after an interrupted removal.
import { existsSync, readdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { claimMachine } from '../../network/claim-machine.ts'
import { runProgram, unlessAbsent } from '../../network/command.ts'
import { restoreForwarding } from '../../network/host-network.ts'
import { hasDevice, linkDevice, removeDevice } from '../../network/links/link-device.ts'
import { cleanUp, nodeCgroup, shimsOf } from '../../node/machine/clean-up.ts'
import { mountsBelow, unmountBelow } from '../../node/machine/mount-table.ts'
import type { NodeDirectory } from '../../node/machine/node-directory.ts'
import { listProcesses } from '../../node/machine/process-table.ts'

export interface MachineState {
  /** Shims of pods. */
  readonly pods: number
  readonly mounts: readonly string[]
  readonly networkNamespaces: number
  readonly cgroups: readonly string[]
  /** `ip bulkhead_0123abcd` */
  readonly tables: readonly string[]
  readonly device: string | undefined
  /** On the loopback interface, with their prefix lengths. */
  readonly addresses: readonly string[]
  readonly routes: readonly string[]
}

export const nothing: MachineState = {
  ...{ pods: 0, mounts: [], networkNamespaces: 0, cgroups: [] },
  ...{ tables: [], device: undefined, addresses: [], routes: [] },
}

/** The machine as `reset` needs it. */
export interface ResetMachine {
  read(directory: NodeDirectory, dataDirectory: string): Promise<MachineState>
  /** Safe to call again after an interruption. */
  remove(state: MachineState, directory: NodeDirectory, dataDirectory: string): Promise<void>
}

/** Containers may take a while to end. */
const removalMs = 120_000

export const thisMachineState: ResetMachine = {
  read: readMachineState,
  remove: (state, directory, dataDirectory) =>
    removeMachineState(state, { directory, dataDirectory }, systemClock, AbortSignal.timeout(removalMs)),
}

/** Tables of the node with this id, as `nft list tables` prints them. Pure. */
export const tablesOf = (listing: string, id: string): string[] =>
  [...listing.matchAll(/^table (\S+ (bulkhead_[0-9a-f]{8})(?:_[a-z]+)?)$/gm)].flatMap(([, table = '', name]) =>
    name === `bulkhead_${id}` ? [table] : [],
  )

/** The address for pods that `up` gave this machine, from the rules that close it to others. Pure. */
export const apiAddressIn = (rules: string): string[] =>
  [...rules.matchAll(/ip daddr != (\d+\.\d+\.\d+\.\d+) accept/g)].map(([, a = '']) => a)

/** Ranges whose route is on the loopback interface with a source of their own: those of Services. Pure, of `ip -j route show dev lo`. */
export function serviceRoutes(listing: string): { readonly range: string; readonly source: string }[] {
  const routes = listing.trim() === '' ? [] : parseJson(listing)
  return (Array.isArray(routes) ? routes : []).flatMap(route => {
    if (!isJsonObject(route)) return []
    const { dst: range, prefsrc: source } = route
    return typeof range === 'string' && typeof source === 'string' && range.includes('/') ? [{ range, source }] : []
  })
}

/** `dataDirectory` without links, as the mount table names it. Needs root. */
async function readMachineState(directory: NodeDirectory, dataDirectory: string): Promise<MachineState> {
  const mounts = [...new Set([...(await mountsBelow(dataDirectory)), ...(await mountsBelow(directory.containerdState))])]
  const tables = tablesOf(await output('nft', ['list', 'tables']), directory.id)
  const rules = tables.includes(`ip bulkhead_${directory.id}_api`)
    ? await output('nft', ['list', 'table', 'ip', `bulkhead_${directory.id}_api`])
    : ''
  // Without a table of this node, a route on the loopback interface is of somebody else.
  const routes = tables.includes(`ip bulkhead_${directory.id}`)
    ? serviceRoutes(await output('ip', ['-j', '-4', 'route', 'show', 'dev', 'lo']))
    : []
  const device = linkDevice(directory.id)
  return {
    pods: shimsOf(await listProcesses(), directory).length,
    mounts,
    networkNamespaces: mounts.filter(point => point.includes('/netns/cni-')).length,
    cgroups: cgroupsNamed(nodeCgroup(directory)),
    tables,
    device: (await hasDevice(device).catch(unlessMissing(false))) ? device : undefined,
    addresses: [...apiAddressIn(rules), ...routes.map(({ source }) => source)],
    routes: routes.map(({ range }) => range),
  }
}

/** Tables go last: they are the sign by which a second attempt finds addresses and routes. */
async function removeMachineState(
  state: MachineState,
  { directory, dataDirectory }: { readonly directory: NodeDirectory; readonly dataDirectory: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await cleanUp(directory, clock, signal)
  await unmountBelow(dataDirectory)
  await rm(directory.containerdState, { recursive: true, force: true })
  const claim = await claimMachine().catch((err: unknown) => {
    if (err instanceof UserError) return undefined
    throw err
  })
  await using held = new AsyncDisposableStack()
  // A running node of another cluster may use the same ranges, and needs forwarding.
  if (claim !== undefined) {
    held.use(claim)
    for (const range of state.routes) await unlessAbsent(() => runProgram('ip', ['route', 'delete', range, 'dev', 'lo']))
    for (const address of state.addresses) await unlessAbsent(() => runProgram('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo']))
    await restoreForwarding(join(directory.cniState, 'ip_forward.before'))
  }
  if (state.device !== undefined) await removeDevice(state.device)
  for (const table of state.tables) await unlessAbsent(() => runProgram('nft', ['delete', 'table', ...table.split(' ')]))
}

/**
 * Disks that somebody mounted in the data directory: an unmount would leave what is on them. A node mounts only within the folders of pods,
 * of CSI volumes and of containerd. Pure, of /proc/self/mountinfo.
 */
export function foreignDisks(mountInfo: string, dataDirectory: string, { pods, csi, containerdRoot, containerdState }: NodeDirectory): string[] {
  const isWithin = (point: string, folder: string) => point.startsWith(`${folder}/`)
  return mountInfo.split('\n').flatMap(line => {
    const fields = line.split(' ')
    const [root = '', point = ''] = fields.slice(3, 5)
    const source = fields[fields.indexOf('-') + 2] ?? ''
    if (!isWithin(point, dataDirectory) || root !== '/' || !source.startsWith('/dev/')) return []
    return [pods, csi, containerdRoot, containerdState].some(folder => isWithin(point, folder)) ? [] : [`${point} (${source})`]
  })
}

export const readMountInfo = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8')

/** In every hierarchy. */
function cgroupsNamed(path: string, root = '/sys/fs/cgroup'): string[] {
  if (!existsSync(root)) return []
  const hierarchies = existsSync(join(root, 'cgroup.controllers')) ? [root] : readdirSync(root).map(name => join(root, name))
  return hierarchies.map(hierarchy => join(hierarchy, path)).filter(existsSync)
}

/** A machine without the program has nothing that was made with it. */
const output = (program: string, args: readonly string[]): Promise<string> => runProgram(program, args).catch(unlessMissing(''))

function unlessMissing<T>(value: T): (err: unknown) => T {
  return err => {
    if (codeOf(err) === 'ENOENT') return value
    throw err
  }
}
