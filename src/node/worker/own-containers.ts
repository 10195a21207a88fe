// Which containers of a pod its agent started: others in its sandbox, whatever their names and labels are, are of somebody who reaches the runtime's socket.
import type { Pod } from '../../api/types/core-v1.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { containersOf, podText } from '../pod/pod-containers.ts'
import type { PodState } from '../pod/pod-state.ts'
import type { PodNode } from './pod-node.ts'

export class OwnContainers {
  /** Undefined until the pod was first looked at: what has a name of the pod then is of an earlier agent. */
  #ids: ReadonlySet<string> | undefined

  add(id: string): void {
    this.#ids = new Set([...(this.#ids ?? []), id])
  }

  /**
   * They would run with the pod's network, and nobody admitted them. Call it before the first of its own is started. Returns whether there were
   * any.
   */
  async removeOthers(
    { runtime, log }: Pick<PodNode, 'log'> & { readonly runtime: Pick<ContainerRuntime, 'stopContainer' | 'removeContainer'> },
    pod: Pod,
    state: Pick<PodState, 'containers' | 'foreign'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const strangers = [...(state.foreign ?? []), ...this.#strangers(pod, state)]
    for (const container of strangers) {
      log.error('removing a container of a pod that its agent did not start', { pod: podText(pod), container })
      await runtime.stopContainer(container, 0, signal)
      await runtime.removeContainer(container, signal)
    }
    return strangers.length > 0
  }

  #strangers(pod: Pod, { containers }: Pick<PodState, 'containers'>): readonly string[] {
    const names = new Set(containersOf(pod).map(({ spec }) => spec.name))
    const all = [...containers].flatMap(([name, list]) => list.map(({ id }) => ({ name, id })))
    const known = this.#ids
    const own = all.filter(({ name, id }) => names.has(name) && (known === undefined || known.has(id)))
    // What was removed is forgotten.
    this.#ids = new Set(own.map(({ id }) => id))
    return all.filter(each => !own.includes(each)).map(({ id }) => id)
  }
}
