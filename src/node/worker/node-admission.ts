// The node's last check before a start: no pod of another trust domain, and none that exceeds the node's resources, for any binder.
import { podRequests } from '../../api/pods/pod-resources.ts'
import { domainOfNode, domainOfPod, mayRunOn, nameDomain } from '../../api/pods/trust-domain.ts'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import type { Client } from '../../client/client.ts'
import { nodes } from '../../client/resources.ts'
import { pressureRefusal } from '../eviction/pressure-admission.ts'
import type { Pressure } from '../machine/machine-facts.ts'
import { type Demand, demandOf, planAdmission, planResizeAdmission, type Refusal } from '../pod/pod-admission.ts'
import { podUid } from '../pod/pod-containers.ts'
import { asGiven, asksFor, type Given, givenBefore } from '../pod/pod-resize.ts'
import { type NodeSupport, unsupported } from '../pod/pod-support.ts'

/** A pod of this node. */
export interface ResidentPod {
  readonly uid: string
  readonly pod: Pod
  /** Its object was removed from the API, and its remains are being stopped. */
  readonly removed: boolean
  /** A pod with sandboxes was started, perhaps by an earlier agent. */
  readonly state: { readonly sandboxes: readonly unknown[] }
}

export interface NodeAdmissionOptions {
  readonly client: Client
  readonly nodeName: string
  readonly support: NodeSupport
  readonly residents: () => Iterable<ResidentPod>
  /** Resources that the node is short of. Default: never any. */
  readonly pressure?: () => Pressure
}

interface LetIn {
  readonly pod: Pod
  readonly given: Given
  readonly demand: Demand
}

export class NodeAdmission {
  readonly #options: NodeAdmissionOptions
  /** The newest known state of admitted pods: a granted resize is done when the status shows it. */
  readonly #letIn = new Map<string, LetIn>()
  #known: Node | undefined

  constructor(options: NodeAdmissionOptions) {
    this.#options = options
  }

  /**
   * The pod with the resources that this node has granted. Those requested since are neither counted nor used until `resizeRefusal` grants
   * them.
   */
  given(pod: Pod): Pod {
    return asGiven(pod, this.#letIn.get(podUid(pod))?.given ?? givenBefore(pod))
  }

  /** Why the pod must not start here; undefined if it may, and then it counts from now on. Rejects if the API does not answer. */
  async refusal(pod: Pod, signal: AbortSignal): Promise<Refusal | undefined> {
    // The cache may be out of date, so a refusal reads again.
    if (this.#known !== undefined && this.#validate(pod, this.#known) === undefined) return undefined
    this.#known = await this.#options.client.get(nodes, '', this.#options.nodeName, signal)
    return this.#validate(pod, this.#known)
  }

  /** For an admitted pod that requests other resources; if granted, they count from now on. */
  async resizeRefusal(pod: Pod, signal: AbortSignal): Promise<Refusal | undefined> {
    const node = this.#known ?? (await this.#options.client.get(nodes, '', this.#options.nodeName, signal))
    this.#known = node
    const uid = podUid(pod)
    const refusal = planResizeAdmission(podRequests(pod), this.#held(uid), node)
    if (refusal === undefined) this.#letIn.set(uid, { pod, given: asksFor(pod), demand: demandOf(pod) })
    return refusal
  }

  #validate(pod: Pod, node: Node): Refusal | undefined {
    const missing = unsupported(pod, this.#options.support)
    if (missing !== undefined) return missing
    if (!mayRunOn(pod, node)) {
      const message = `the pod is of ${nameDomain(domainOfPod(pod))}, node "${node.metadata.name}" of ${nameDomain(domainOfNode(node))}`
      return { reason: 'TrustDomain', message }
    }
    const uid = podUid(pod)
    if (this.#letIn.has(uid)) return undefined
    const short = pressureRefusal(pod, this.#options.pressure?.())
    if (short !== undefined) return short
    const wanted = demandOf(pod)
    const refusal = planAdmission(pod, wanted, this.#held(uid), node)
    if (refusal === undefined) this.#letIn.set(uid, { pod, given: asksFor(pod), demand: wanted })
    return refusal
  }

  /**
   * Resources of the other admitted pods. Ended ones and those removed from the API hold none: the scheduler, as upstream's kubelet, counts
   * them as free from then on, and a refusal would fail the pod that was bound there for good.
   */
  #held(asking: string): Demand[] {
    const held: Demand[] = []
    const here = new Set([asking])
    for (const { uid, pod, removed, state } of this.#options.residents()) {
      const { phase } = pod.status ?? {}
      const known = this.#letIn.get(uid)
      if (uid === asking || removed || phase === 'Succeeded' || phase === 'Failed') continue
      if (known === undefined && state.sandboxes.length === 0 && phase !== 'Running') continue
      here.add(uid)
      const given = known?.given ?? givenBefore(pod)
      const current = known?.pod === pod ? known : { pod, given, demand: demandOf(asGiven(pod, given)) }
      if (current !== known) this.#letIn.set(uid, current)
      held.push(current.demand)
    }
    for (const uid of this.#letIn.keys()) if (!here.has(uid)) this.#letIn.delete(uid)
    return held
  }
}
