// Finds what a killed node of another data directory left on this machine: containers that still use the pod network, rules in the kernel
// that would still apply to this node's pods, and network namespaces whose routes still hold the addresses of its pods.
import { basename, dirname } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { runProgram } from '../../network/command.ts'
import { linkDevice, removeDevice } from '../../network/links/link-device.ts'
import { removeCgroup } from './cgroups.ts'
import { nodeCgroup } from './clean-up.ts'
import { mountPoints, unmountBelow } from './mount-table.ts'
import { nodeDirectory } from './node-directory.ts'
import { listProcesses, type ProcessEntry } from './process-table.ts'

/** `ip bulkhead_0123abcd`, `inet bulkhead_0123abcd_policy` and `inet bulkhead_0123abcd_links`, as `nft list tables` prints them. */
const tableLine = /^table (\S+ bulkhead_([0-9a-f]{8})(?:_policy|_links)?)$/gm

/** Tables of nodes other than `id`, by their node's id. Pure. */
export function otherTables(listing: string, id: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [, table = '', other = ''] of listing.matchAll(tableLine)) {
    if (other !== id) found.set(other, [...(found.get(other) ?? []), table])
  }
  return found
}

/** Node directories, by id, of the containerd and shim processes; '' if only the id is known. Pure. */
export function runningNodes(processes: readonly ProcessEntry[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const { command } of processes) {
    for (const argument of command) {
      const root = /^(\/.*)\/containerd\/(?:config\.toml|state\/containerd\.sock)$/.exec(argument)?.[1]
      const id = root === undefined ? /^\/run\/bulkhead-([0-9a-f]{8})\/containerd\.sock$/.exec(argument)?.[1] : nodeDirectory(root).id
      if (id !== undefined) found.set(id, root ?? found.get(id) ?? '')
    }
  }
  return found
}

/**
 * Folders with mounts of nodes other than `id`, by their node's id, found by the network namespaces of their pods. As long as such a namespace
 * is mounted, its interface on the host and the route to the pod's address stay. Pure.
 */
export function otherMounts(points: readonly string[], id: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const point of points) {
    const state = /^(\/.+)\/io\.containerd\.grpc\.v1\.cri\/netns\/cni-[^/]+$/.exec(point)?.[1] ?? ''
    const root = /^(\/.+)\/containerd\/state$/.exec(state)?.[1]
    const other = root === undefined ? /^\/run\/bulkhead-([0-9a-f]{8})$/.exec(state)?.[1] : nodeDirectory(root).id
    if (other === undefined || other === id) continue
    const directory = root === undefined ? undefined : nodeDirectory(root)
    found.set(
      other,
      directory === undefined ? [state] : [state, directory.pods, directory.volumeMounts, directory.csi, directory.containerdRoot],
    )
  }
  return found
}

/**
 * Call only after claiming the machine. Removes the rules, cgroups, mounts and network namespaces of dead nodes; their files stay. Throws a
 * UserError if containers of another node still run: they use addresses that this node would assign.
 */
export async function removeLeftovers(id: string, log: Logger, clock: Clock, signal: AbortSignal): Promise<void> {
  const tables = otherTables(await runProgram('nft', ['list', 'tables']), id)
  const mounts = otherMounts(await mountPoints(), id)
  const others = new Set([...tables.keys(), ...mounts.keys()])
  if (others.size === 0) return
  const running = runningNodes(await listProcesses())
  for (const other of others) {
    const root = running.get(other)
    if (root !== undefined) throw stillRunning(root)
  }
  for (const other of others) {
    const rules = tables.get(other) ?? []
    const folders = mounts.get(other) ?? []
    for (const table of rules) await runProgram('nft', ['delete', 'table', ...table.split(' ')])
    await removeDevice(linkDevice(other))
    await removeCgroup(nodeCgroup({ id: other }), clock, signal)
    for (const folder of folders) await unmountBelow(folder)
    log.info('rules and mounts of a dead node removed from the kernel', { rules, folders })
  }
}

function stillRunning(root: string): UserError {
  const directory = basename(root) === 'node' ? dirname(root) : root
  const where = root === '' ? '' : ` with the data directory "${directory}"`
  return new UserError(
    `Containers of another Bulkhead cluster${where} still run on this machine and have its pod addresses: start that cluster again and stop it with Ctrl-C, or start this one with --simulated-nodes 1`,
  )
}
