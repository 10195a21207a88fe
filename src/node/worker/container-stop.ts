// Stops containers: preStop hook, then the stop signal, then SIGKILL, all within one grace period.
import type { Pod } from '../../api/types/core-v1.ts'
import type { ContainerStatus } from '../cri/messages.ts'
import { containersOf, fieldPath, isSidecar, type PodContainer } from '../pod/pod-containers.ts'
import type { PodState } from '../pod/pod-state.ts'
import type { PodNode } from './pod-node.ts'

/** Upstream's minimum, for the stop signal after a hook that used up the grace period. */
const leastSeconds = 2

export interface StopInput {
  readonly node: PodNode
  readonly pod: Pod
  readonly podIp: string
  /** Ids of containers whose stop has begun, when it begins again with a shorter period: hook and event are not repeated. */
  readonly begun?: Set<string>
}

/** The pod's own period, or a shorter one of its deletion. */
export function graceSeconds({ metadata, spec }: Pod): number {
  return metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
}

export async function stopContainer(
  { node, pod, podIp, begun }: StopInput,
  container: PodContainer | undefined,
  status: ContainerStatus,
  message: string,
  grace: number,
  signal: AbortSignal,
): Promise<void> {
  const { runtime, clock } = node
  const name = status.metadata.name
  const isRepeated = begun?.has(status.id) === true
  begun?.add(status.id)
  const place = container ? { path: fieldPath(container) } : undefined
  if (!isRepeated) node.event(pod, place, 'Normal', 'Killing', message === '' ? `Stopping container ${name}` : message)
  const began = clock.monotonic()
  const preStop = container?.spec.lifecycle?.preStop
  if (container && preStop && grace > 0 && !isRepeated) {
    const limit = new AbortController()
    const timer = clock.sleep(grace * 1000, limit.signal).then(
      () => limit.abort(),
      () => undefined,
    )
    try {
      await node.host.hook(
        preStop,
        { container: container.spec, containerId: status.id, podIp },
        runtime,
        clock,
        AbortSignal.any([signal, limit.signal]),
      )
    } catch {
      signal.throwIfAborted()
      node.event(pod, place, 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
    } finally {
      limit.abort()
      await timer
    }
  }
  const left = Math.max(grace === 0 ? 0 : leastSeconds, grace - Math.floor((clock.monotonic() - began) / 1000))
  await runtime.stopContainer(status.id, left, signal)
}

/** Stops everything: first the containers together, then the sidecars in reverse order, as upstream. */
export async function stopAll(input: StopInput, state: PodState, grace: number, signal: AbortSignal): Promise<void> {
  const { pod, node } = input
  const known = new Map(containersOf(pod).map(container => [container.spec.name, container]))
  const running = [...state.containers].flatMap(([name, instances]) =>
    instances.filter(({ state }) => state !== 'CONTAINER_EXITED').map(status => ({ container: known.get(name), status })),
  )
  const sidecar = (container: PodContainer | undefined) => container?.kind === 'init' && isSidecar(container.spec)
  const deadline = node.clock.monotonic() + grace * 1000
  await Promise.all(
    running
      .filter(({ container }) => !sidecar(container))
      .map(({ container, status }) => stopContainer(input, container, status, '', grace, signal)),
  )
  const order = (pod.spec.initContainers ?? []).map(({ name }) => name).reverse()
  for (const name of order) {
    const entry = running.find(({ container }) => sidecar(container) && container?.spec.name === name)
    if (!entry) continue
    const left = Math.max(Math.min(grace, leastSeconds), Math.ceil((deadline - node.clock.monotonic()) / 1000))
    await stopContainer(input, entry.container, entry.status, '', left, signal)
  }
}
