// One node with the pods on it, as plugins see it.
import type { Node, Pod } from '../api/types/core-v1.ts'
import { type Amounts, add, allocatable, podRequests, podRequestsForScore } from './amounts.ts'

interface PodFacts {
  readonly pod: Pod
  readonly requests: Amounts
  readonly scoreRequests: Amounts
}

/** Read by plugins; only the cluster state changes it. */
export class NodeInfo {
  readonly name: string
  node: Node
  allocatable: Amounts
  readonly requested: Amounts = new Map()
  readonly scoreRequested: Amounts = new Map()
  readonly #pods = new Map<string, PodFacts>()
  readonly #withAffinity = new Map<string, Pod>()

  constructor(node: Node) {
    this.name = node.metadata.name ?? ''
    this.node = node
    this.allocatable = allocatable(node)
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node.metadata.labels ?? {}
  }

  get podCount(): number {
    return this.#pods.size
  }

  *pods(): Iterable<Pod> {
    for (const { pod } of this.#pods.values()) yield pod
  }

  /** Undefined where the pod is not here. */
  requestsOf(pod: Pod): Amounts | undefined {
    return this.#pods.get(idOf(pod))?.requests
  }

  podsWithAffinity(): Iterable<Pod> {
    return this.#withAffinity.values()
  }

  /** Of its own: pods added to it or removed from it are not on this one. */
  copy(): NodeInfo {
    const copy = new NodeInfo(this.node)
    for (const [id, facts] of this.#pods) copy.#pods.set(id, facts)
    for (const [id, pod] of this.#withAffinity) copy.#withAffinity.set(id, pod)
    add(copy.requested, this.requested)
    add(copy.scoreRequested, this.scoreRequested)
    return copy
  }

  setNode(node: Node): void {
    this.node = node
    this.allocatable = allocatable(node)
  }

  addPod(pod: Pod): void {
    this.removePod(pod)
    const facts = { pod, requests: podRequests(pod), scoreRequests: podRequestsForScore(pod) }
    this.#pods.set(idOf(pod), facts)
    if (hasPodAffinity(pod)) this.#withAffinity.set(idOf(pod), pod)
    add(this.requested, facts.requests)
    add(this.scoreRequested, facts.scoreRequests)
  }

  removePod(pod: Pod): void {
    const facts = this.#pods.get(idOf(pod))
    if (facts === undefined) return
    this.#pods.delete(idOf(pod))
    this.#withAffinity.delete(idOf(pod))
    add(this.requested, facts.requests, -1)
    add(this.scoreRequested, facts.scoreRequests, -1)
  }
}

/** A pod is told apart by its uid; offline pods have none. */
export function idOf({ metadata }: Pod): string {
  return metadata.uid ?? `${metadata.namespace}/${metadata.name}`
}

export function hasPodAffinity({ spec: { affinity } }: Pod): boolean {
  return affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined
}

export const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0
