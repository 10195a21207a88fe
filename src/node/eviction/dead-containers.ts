// Removes containers that have ended and are no longer needed: each holds a file system and a log on the disk, and a crashing container is
// restarted forever.
import { rm } from 'node:fs/promises'
import type { Logger } from '../../base/log.ts'
import { logFiles } from '../container/log-file.ts'
import type { ContainerSummary, Sandbox } from '../cri/messages.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { podLabels } from '../pod/pod-state.ts'

/** The last run of a container, and the one before it, which the pod's status and `kubectl logs --previous` show. */
const kept = 2

export interface Removal {
  readonly containers: readonly ContainerSummary[]
  readonly sandboxes: readonly Sandbox[]
}

/** Pure. `isOver`: only what runs is kept of this pod. */
export function planRemoval(
  containers: readonly ContainerSummary[],
  sandboxes: readonly Sandbox[],
  isOver: (podUid: string) => boolean,
): Removal {
  const uidOf = ({ labels }: { labels: Readonly<Record<string, string>> }) => labels[podLabels.uid] ?? ''
  const runs = Map.groupBy(containers, container => `${uidOf(container)}/${container.labels[podLabels.container]}`)
  const removed = [...runs.values()].flatMap(instances =>
    instances
      .sort(newerFirst)
      .slice(isOver(uidOf(instances[0] ?? { labels: {} })) ? 0 : kept)
      .filter(({ state }) => state !== 'CONTAINER_RUNNING'),
  )
  const gone = new Set(removed)
  const used = new Set(containers.filter(container => !gone.has(container)).map(({ podSandboxId }) => podSandboxId))
  const left = [...Map.groupBy(sandboxes, uidOf)].flatMap(([uid, instances]) =>
    instances
      .sort(newerFirst)
      .slice(isOver(uid) ? 0 : 1)
      .filter(({ id, state }) => state !== 'SANDBOX_READY' && !used.has(id)),
  )
  return { containers: removed, sandboxes: left }
}

function newerFirst(a: { readonly createdAt: string }, b: { readonly createdAt: string }): number {
  const difference = BigInt(b.createdAt) - BigInt(a.createdAt)
  return difference > 0n ? 1 : difference < 0n ? -1 : 0
}

/** Failed removals are logged and retried at the next call. Rejects if the runtime does not answer. */
export async function removeDeadContainers(
  runtime: Pick<ContainerRuntime, 'listContainers' | 'listSandboxes' | 'containerStatus' | 'removeContainer' | 'removeSandbox'>,
  isOver: (podUid: string) => boolean,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const [all, sandboxes] = await Promise.all([runtime.listContainers({}, signal), runtime.listSandboxes({}, signal)])
  const removal = planRemoval(all, sandboxes, isOver)
  const attempt = async (what: Readonly<Record<string, string>>, remove: () => Promise<void>) => {
    try {
      await remove()
    } catch (err) {
      signal.throwIfAborted()
      log.error('what has ended was not removed', { ...what, err })
    }
  }
  for (const { id } of removal.containers) {
    await attempt({ container: id }, async () => {
      const status = await runtime.containerStatus(id, signal)
      await runtime.removeContainer(id, signal)
      if (status?.logPath) for (const file of await logFiles(status.logPath)) await rm(file, { force: true })
    })
  }
  for (const { id } of removal.sandboxes) await attempt({ sandbox: id }, () => runtime.removeSandbox(id, signal))
}
