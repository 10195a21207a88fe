// The runtime's state of one pod, read in one go: the input of plan and status.
import type { ContainerStatus, Sandbox } from '../cri/messages.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'

export const podLabels = {
  name: 'io.kubernetes.pod.name',
  namespace: 'io.kubernetes.pod.namespace',
  uid: 'io.kubernetes.pod.uid',
  container: 'io.kubernetes.container.name',
} as const

export const containerAnnotations = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  /** The resources of its creation: the spec may change while it runs. */
  resources: 'io.kubernetes.container.resources',
} as const

export interface PodState {
  /** Newest first. */
  readonly sandboxes: readonly Sandbox[]
  readonly podIps: readonly string[]
  /** Name -> its instances, newest first. */
  readonly containers: ReadonlyMap<string, readonly ContainerStatus[]>
  /** Ids of those in the sandboxes that do not say that they are of this pod. */
  readonly foreign?: readonly string[]
}

export const emptyPodState: PodState = { sandboxes: [], podIps: [], containers: new Map() }

export async function readPodState(runtime: ContainerRuntime, uid: string, signal: AbortSignal): Promise<PodState> {
  const sandboxes = await runtime.listSandboxes({ [podLabels.uid]: uid }, signal)
  const all = (await Promise.all(sandboxes.map(({ id }) => runtime.containersIn(id, signal)))).flat()
  const summaries = all.filter(({ labels }) => labels[podLabels.uid] === uid)
  const foreign = all.filter(({ labels }) => labels[podLabels.uid] !== uid).map(({ id }) => id)
  sandboxes.sort((a, b) => newerFirst(a.createdAt, b.createdAt))
  const newest = sandboxes[0]
  const [statuses, sandbox] = await Promise.all([
    Promise.all(summaries.map(({ id }) => runtime.containerStatus(id, signal))),
    newest?.state === 'SANDBOX_READY' ? runtime.sandboxStatus(newest.id, signal) : undefined,
  ])
  const containers = new Map<string, ContainerStatus[]>()
  for (const status of statuses) {
    if (!status) continue
    const list = containers.get(status.metadata.name)
    if (list) list.push(status)
    else containers.set(status.metadata.name, [status])
  }
  for (const list of containers.values()) list.sort((a, b) => newerFirst(a.createdAt, b.createdAt))
  const network = sandbox?.network
  const podIps = network?.ip ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : []
  return { sandboxes, podIps, containers, foreign }
}

export function newestContainer(state: PodState, name: string): ContainerStatus | undefined {
  return state.containers.get(name)?.[0]
}

/** Milliseconds of a CRI time in nanoseconds; 0 if it has not happened. */
export function millis(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000_000n)
}

function newerFirst(a: string, b: string): number {
  const difference = BigInt(b) - BigInt(a)
  return difference > 0n ? 1 : difference < 0n ? -1 : 0
}
