// Requests a pod's wanted resources from the node, and applies granted ones to running containers.
import type { Pod, PodCondition, ResourceRequirements } from '../../api/types/core-v1.ts'
import type { ContainerStatus } from '../cri/messages.ts'
import type { PodContainer } from '../pod/pod-containers.ts'
import { planResize, startedWith, widestPod } from '../pod/pod-resize.ts'
import { containerResources } from '../pod/pod-resources.ts'
import type { PodState } from '../pod/pod-state.ts'
import { runningContainers } from '../pod/pod-status.ts'
import { stopContainer } from './container-stop.ts'
import type { PodNode } from './pod-node.ts'

export class PodResizer {
  readonly #node: PodNode
  /** Container id -> its current resources. */
  readonly #applied = new Map<string, ResourceRequirements>()
  #pending: readonly PodCondition[] = []
  #failed: readonly PodCondition[] = []

  constructor(node: PodNode) {
    this.#node = node
  }

  /** Why a resize is pending or incomplete; empty if all resources are as requested. */
  get conditions(): readonly PodCondition[] {
    return [...this.#pending, ...this.#failed]
  }

  /** Requests the pod's wanted resources if they differ from the granted ones. */
  async ask(pod: Pod, signal: AbortSignal): Promise<void> {
    const refusal = this.#node.given(pod) === pod ? undefined : await this.#node.resizeRefusal(pod, signal)
    this.#pending = refusal === undefined ? [] : [{ type: 'PodResizePending', status: 'True', ...refusal }]
  }

  /** The container's current resources. */
  applied(pod: Pod, { spec }: PodContainer, status: ContainerStatus): ResourceRequirements {
    const known = this.#applied.get(status.id)
    if (known !== undefined) return known
    const found = startedWith(pod, spec, status)
    this.#applied.set(status.id, found)
    return found
  }

  /** A failed resize is reported and retried with the next pass. Resolves with whether a container was stopped for it. */
  async apply(pod: Pod, state: PodState, podIp: string, signal: AbortSignal): Promise<boolean> {
    const running = runningContainers(pod, state).filter(({ container }) => container.kind !== 'ephemeral')
    this.#forget(running.map(({ status }) => status.id))
    const resizes = running.flatMap(({ container, status }) => planResize(container, status, this.applied(pod, container, status)) ?? [])
    this.#failed = []
    if (resizes.length === 0) return false
    const { host, runtime, memoryBytes } = this.#node
    try {
      // The pod's own limits are raised before, and lowered after those of its containers: the kernel refuses limits that do not fit.
      const before = new Map(running.map(({ container, status }) => [container.spec.name, this.applied(pod, container, status)]))
      await host.prepareCgroup(widestPod(pod, before))
      for (const { container, status, restart } of resizes) {
        if (restart) {
          const message = `Container ${container.spec.name} resize requires restart`
          const grace = pod.spec.terminationGracePeriodSeconds ?? 30
          await stopContainer({ node: this.#node, pod, podIp }, container, status, message, grace, signal)
          continue
        }
        await runtime.updateContainer(status.id, containerResources(pod, container.spec, memoryBytes), signal)
        this.#applied.set(status.id, container.spec.resources ?? {})
      }
      await host.prepareCgroup(pod)
    } catch (cause) {
      signal.throwIfAborted()
      const message = cause instanceof Error ? cause.message : String(cause)
      this.#failed = [{ type: 'PodResizeInProgress', status: 'True', reason: 'Error', message }]
      this.#node.event(pod, undefined, 'Warning', 'ResizeFailed', `Failed to resize: ${message}`)
    }
    return resizes.some(({ restart }) => restart)
  }

  #forget(running: readonly string[]): void {
    for (const id of this.#applied.keys()) if (!running.includes(id)) this.#applied.delete(id)
  }
}
