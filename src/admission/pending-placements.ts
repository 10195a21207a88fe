// Pods and changes of trust domains that are admitted and not stored yet: a pod and a change that are admitted at once would not see each other in the store.
import type { Pod } from '../api/types/core-v1.ts'
import type { AdmissionRequest } from './admission.ts'

export class PendingPlacements {
  readonly #pods = new Map<AdmissionRequest, Pod>()
  /** The names of namespaces and nodes whose domain changes. */
  readonly #moves = new Map<AdmissionRequest, string>()

  /** Counts the pod with its node until `end`, unless nothing will be stored. Returns what changes its domain now; undefined if nothing does. */
  addPod(request: AdmissionRequest, pod: Pod): string | undefined {
    const places = [`namespace "${request.namespace}"`, `node "${pod.spec.nodeName ?? ''}"`]
    const moving = [...this.#moves.values()].find(place => places.includes(place))
    if (moving === undefined && !request.dryRun) this.#pods.set(request, pod)
    return moving
  }

  /** Counts the change until `end`. */
  addMove(request: AdmissionRequest, place: string): void {
    if (!request.dryRun) this.#moves.set(request, place)
  }

  pods(): readonly Pod[] {
    return [...this.#pods.values()]
  }

  end(request: AdmissionRequest): void {
    this.#pods.delete(request)
    this.#moves.delete(request)
  }
}
