// Gives running containers the resources that their pod asks for now, where the node has them.
import type { Pod, PodCondition, ResourceRequirements } from '../api/types/core-v1.ts'
import { stopContainer } from './container-stop.ts'
import type { ContainerStatus } from './cri/messages.ts'
import type { PodContainer } from './pod-containers.ts'
import type { PodNode } from './pod-node.ts'
import { planResize, startedWith, widestPod } from './pod-resize.ts'
import { containerResources } from './pod-resources.ts'
import type { PodState } from './pod-state.ts'
import { runningContainers } from './pod-status.ts'

export class PodResizer {
  readonly #node: PodNode
  /** Container id -> what it runs with. */
  readonly #applied = new Map<string, ResourceRequirements>()
  /** Why a resize waits, or is not through; empty where all is as asked for. */
  conditions: readonly PodCondition[] = []

  constructor(node: PodNode) {
    this.#node = node
  }

  /** What the container runs with. */
  applied(pod: Pod, { spec }: PodContainer, status: ContainerStatus): ResourceRequirements {
    const known = this.#applied.get(status.id)
    if (known !== undefined) return known
    const found = startedWith(pod, spec, status)
    this.#applied.set(status.id, found)
    return found
  }

  /** A resize that fails is told and tried again with the next pass. Resolves with whether a container was stopped for its sake. */
  async apply(pod: Pod, state: PodState, podIp: string, signal: AbortSignal): Promise<boolean> {
    const running = runningContainers(pod, state).filter(({ container }) => container.kind !== 'ephemeral')
    this.#forget(running.map(({ status }) => status.id))
    const resizes = running.flatMap(({ container, status }) => planResize(container, status, this.applied(pod, container, status)) ?? [])
    this.conditions = []
    if (resizes.length === 0) return false
    const { host, runtime, memoryBytes } = this.#node
    const refusal = await this.#node.resizeRefusal(pod, signal)
    if (refusal !== undefined) {
      this.conditions = [{ type: 'PodResizePending', status: 'True', ...refusal }]
      return false
    }
    try {
      // The pod's own bounds are widened before, and narrowed after those of its containers: the kernel refuses what does not fit.
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
      this.conditions = [{ type: 'PodResizeInProgress', status: 'True', reason: 'Error', message }]
      this.#node.event(pod, undefined, 'Warning', 'ResizeFailed', `Failed to resize: ${message}`)
    }
    return resizes.some(({ restart }) => restart)
  }

  #forget(running: readonly string[]): void {
    for (const id of this.#applied.keys()) if (!running.includes(id)) this.#applied.delete(id)
  }
}
