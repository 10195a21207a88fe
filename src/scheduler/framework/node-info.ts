// One node with the pods on it, as plugins see it.
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { type Amounts, add, allocatable, podRequests, podRequestsForScore } from './amounts.ts'
import { kindOf, type PodKind } from './pod-kind.ts'

interface PodFacts {
  readonly pod: Pod
  readonly requests: Amounts
  readonly scoreRequests: Amounts
  readonly kind: PodKind
}

/** Plugins only read it; the cluster state changes it. */
export class NodeInfo {
  readonly name: string
  node: Node
  allocatable: Amounts
  readonly requested: Amounts = new Map()
  readonly scoreRequested: Amounts = new Map()
  readonly #pods = new Map<string, PodFacts>()
  readonly #withAffinity = new Map<PodKind, number>()
  readonly #kinds = new Map<PodKind, number>()
  #images: ReadonlyMap<string, number> | undefined
  #podChanges = 0

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

  /** Another number after each change of the pods. */
  get podChanges(): number {
    return this.#podChanges
  }

  *pods(): Iterable<Pod> {
    for (const { pod } of this.#pods.values()) yield pod
  }

  /** Number of pods of each kind on this node. */
  kinds(): Iterable<readonly [PodKind, number]> {
    return this.#kinds
  }

  /** Bytes of the images on this node, by name. */
  get images(): ReadonlyMap<string, number> {
    this.#images ??= new Map(
      (this.node.status?.images ?? []).flatMap(({ names, sizeBytes = 0 }) => (names ?? []).map(name => [name, sizeBytes] as const)),
    )
    return this.#images
  }

  /** Undefined if the pod is not on this node. */
  requestsOf(pod: Pod): Amounts | undefined {
    return this.#pods.get(idOf(pod))?.requests
  }

  /** Those with (anti-)affinity to other pods. */
  kindsWithAffinity(): Iterable<readonly [PodKind, number]> {
    return this.#withAffinity
  }

  /** An independent copy: adding and removing pods does not change this one. */
  copy(): NodeInfo {
    const copy = new NodeInfo(this.node)
    for (const [id, facts] of this.#pods) copy.#pods.set(id, facts)
    for (const [kind, count] of this.#withAffinity) copy.#withAffinity.set(kind, count)
    for (const [kind, count] of this.#kinds) copy.#kinds.set(kind, count)
    add(copy.requested, this.requested)
    add(copy.scoreRequested, this.scoreRequested)
    return copy
  }

  setNode(node: Node): void {
    this.node = node
    this.allocatable = allocatable(node)
    this.#images = undefined
  }

  addPod(pod: Pod): void {
    this.removePod(pod)
    const facts = { pod, requests: podRequests(pod), scoreRequests: podRequestsForScore(pod), kind: kindOf(pod) }
    this.#pods.set(idOf(pod), facts)
    this.#count(facts.kind, 1)
    add(this.requested, facts.requests)
    add(this.scoreRequested, facts.scoreRequests)
  }

  removePod(pod: Pod): void {
    const facts = this.#pods.get(idOf(pod))
    if (facts === undefined) return
    this.#pods.delete(idOf(pod))
    this.#count(facts.kind, -1)
    add(this.requested, facts.requests, -1)
    add(this.scoreRequested, facts.scoreRequests, -1)
  }

  #count(kind: PodKind, by: 1 | -1): void {
    this.#podChanges++
    change(this.#kinds, kind, by)
    if (kind.affinity !== undefined) change(this.#withAffinity, kind, by)
  }
}

function change(counts: Map<PodKind, number>, kind: PodKind, by: 1 | -1): void {
  const count = (counts.get(kind) ?? 0) + by
  if (count === 0) counts.delete(kind)
  else counts.set(kind, count)
}

/** Pods are identified by uid; pods in offline checks have none. */
export function idOf({ metadata }: Pod): string {
  return metadata.uid ?? `${metadata.namespace}/${metadata.name}`
}

export const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0
