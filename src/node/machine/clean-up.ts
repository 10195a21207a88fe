// Removes everything that a node made on the machine: shims and containers, mounts, network namespaces, cgroups. Works after kill -9 too.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { removeCgroup } from './cgroups.ts'
import { unmountBelow } from './mount-table.ts'
import type { NodeDirectory } from './node-directory.ts'
import { endProcesses, listProcesses, type ProcessEntry } from './process-table.ts'
import { removePodFolder } from './remove-pod-folder.ts'

/** The parent of all pod cgroups of this node. */
export function nodeCgroup(directory: Pick<NodeDirectory, 'id'>): string {
  return `/bulkhead-${directory.id}`
}

/** Stops and removes all sandboxes through the runtime, so that CNI releases addresses, rules and interfaces. */
export async function removeAllPods(runtime: ContainerRuntime, log: Logger, signal: AbortSignal): Promise<void> {
  const containers = await runtime.listContainers({}, signal)
  await Promise.all(containers.filter(({ state }) => state === 'CONTAINER_RUNNING').map(({ id }) => runtime.stopContainer(id, 2, signal)))
  for (const { id } of await runtime.listSandboxes({}, signal)) {
    try {
      await runtime.stopSandbox(id, signal)
      await runtime.removeSandbox(id, signal)
    } catch (err) {
      signal.throwIfAborted()
      log.error('sandbox not removed', { sandbox: id, err })
    }
  }
}

/** Whether containers of this node run: each pod has a shim, which outlives agent and containerd. */
export async function hasContainers(directory: NodeDirectory): Promise<boolean> {
  return shimsOf(await listProcesses(), directory).length > 0
}

/** The shims of this node's pods. Pure. */
export function shimsOf(processes: readonly ProcessEntry[], directory: NodeDirectory): ProcessEntry[] {
  return processes.filter(({ command }) => isShim(command, directory))
}

function isShim([program = '', ...args]: readonly string[], { containerdSocket }: NodeDirectory): boolean {
  return program.includes('containerd-shim') && args.includes(containerdSocket)
}

/**
 * The last step of a clean stop and the first after a crash; call it while no containerd of this directory runs. Finds everything by the
 * directory's path. Keeps images, logs and certificates for the next start.
 */
export async function cleanUp(directory: NodeDirectory, clock: Clock, signal: AbortSignal): Promise<void> {
  const ours = (await listProcesses()).filter(
    ({ command }) => command.includes(directory.containerdSocket) || command.includes(directory.containerdConfig),
  )
  await endProcesses(
    ours.map(({ pid }) => pid),
    200,
    clock,
    signal,
  )
  await removeCgroup(nodeCgroup(directory), clock, signal)
  await unmountBelow(directory.containerdState)
  await unmountBelow(directory.pods)
  await unmountBelow(directory.volumeMounts)
  await unmountBelow(directory.csi)
  await unmountBelow(directory.containerdRoot)
  await rm(directory.containerdState, { recursive: true, force: true })
  // A node that never ran a pod has no such folder.
  for (const name of await readdir(directory.pods).catch(() => [])) await removePodFolder(join(directory.pods, name))
}
