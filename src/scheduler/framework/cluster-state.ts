// All nodes with their pods: the state of the API, plus decisions of the scheduler that the API does not show yet (assumed pods).
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types/core-v1.ts'
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import type { StorageClass } from '../../api/types/storage-v1.ts'
import { idOf, NodeInfo, priorityOf } from './node-info.ts'
import { hasPodAffinity } from './pod-kind.ts'

/** What plugins can read. */
export interface Cluster {
  readonly nodes: readonly NodeInfo[]
  /** Number of pods with required or preferred (anti-)affinity to pods; if there are any, plugins must look at existing pods. */
  readonly podsWithAffinity: number
  /** How many nodes have the image. */
  nodesWithImage(name: string): number
  /** Labels of a namespace, for affinity terms with a namespace selector. */
  namespaceLabels(name: string): Readonly<Record<string, string>>
  readonly volumes: VolumeView
  readonly workloads: WorkloadView
  /** Pods that wait for victims on the node to end; their resources on it are reserved. */
  nominatedTo(node: string): readonly Pod[]
  /** The node for which the pod waits. */
  nominationOf(pod: Pod): string | undefined
}

/** Claims and volumes in the API, and what the scheduler has reserved since. */
export interface VolumeView {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined
  volume(name: string): PersistentVolume | undefined
  /** Volumes of the claim's class, and those that were provisioned for it. */
  candidates(claim: PersistentVolumeClaim): readonly PersistentVolume[]
  storageClass(name: string): StorageClass | undefined
  /** What the node has for new volumes of the class; undefined if its driver does not report that. */
  capacity(storageClass: StorageClass, labels: Readonly<Record<string, string>>): StorageCapacity | undefined
  /** How many volumes of the CSI driver the node may have; undefined: any number. */
  volumeLimit(node: string, driver: string): number | undefined
  /** The same object until a claim, a volume or a class changes: what was computed of them is kept by it. */
  readonly state: object
  /** Names of volumes that are reserved for claims. */
  readonly taken: ReadonlySet<string>
}

export interface StorageCapacity {
  /** A quantity: the largest volume that fits. */
  readonly bytes: string
  /** The class requires encryption, and the node has none. */
  readonly cannotEncrypt: boolean
}

/** The workloads and services of pods. */
export interface WorkloadView {
  /** Selectors that match this pod and its siblings; empty if it belongs to no workload. */
  selectorsOf(pod: Pod): readonly LabelSelector[]
}

const noWorkloads: WorkloadView = { selectorsOf: () => [] }

const noVolumes: VolumeView = {
  claim: () => undefined,
  volume: () => undefined,
  candidates: () => [],
  storageClass: () => undefined,
  capacity: () => undefined,
  volumeLimit: () => undefined,
  state: {},
  taken: new Set(),
}

interface Placed {
  readonly pod: Pod
  readonly node: string
  readonly assumed: boolean
}

export class ClusterState implements Cluster {
  readonly #nodes = new Map<string, NodeInfo>()
  readonly #placed = new Map<string, Placed>()
  /** Pods of nodes that are not known (yet). */
  #list: readonly NodeInfo[] | undefined
  #podsWithAffinity = 0
  /** Counted at first use; nodes report other images seldom, and pods are many. */
  readonly #nodesWithImage = new Map<string, number>()
  readonly #nominated = new Map<string, { readonly pod: Pod; readonly node: string }>()
  /** Number of placed pods by priority. */
  readonly #priorities = new Map<number, number>()
  readonly #labelsOf: (namespace: string) => Readonly<Record<string, string>>

  readonly volumes: VolumeView
  readonly workloads: WorkloadView

  constructor(
    namespaceLabels: (namespace: string) => Readonly<Record<string, string>> = () => ({}),
    volumes: VolumeView = noVolumes,
    workloads: WorkloadView = noWorkloads,
  ) {
    this.#labelsOf = namespaceLabels
    this.volumes = volumes
    this.workloads = workloads
  }

  /** Zones alternate, so that any part of the list covers all zones. */
  get nodes(): readonly NodeInfo[] {
    this.#list ??= interleaved(Map.groupBy(this.#nodes.values(), zoneOf))
    return this.#list
  }

  get podsWithAffinity(): number {
    return this.#podsWithAffinity
  }

  nodesWithImage(name: string): number {
    let count = this.#nodesWithImage.get(name)
    if (count === undefined) {
      count = 0
      for (const { images } of this.#nodes.values()) if (images.has(name)) count++
      if (this.#nodesWithImage.size >= maxKnownImages) this.#nodesWithImage.clear()
      this.#nodesWithImage.set(name, count)
    }
    return count
  }

  namespaceLabels(name: string): Readonly<Record<string, string>> {
    return this.#labelsOf(name)
  }

  nominatedTo(node: string): readonly Pod[] {
    if (this.#nominated.size === 0) return noPods
    return [...this.#nominated.values()].filter(nomination => nomination.node === node).map(({ pod }) => pod)
  }

  nominationOf(pod: Pod): string | undefined {
    return this.#nominated.get(idOf(pod))?.node
  }

  nominate(pod: Pod, node: string): void {
    this.#nominated.set(idOf(pod), { pod, node })
  }

  dropNomination(pod: Pod): void {
    this.#nominated.delete(idOf(pod))
  }

  /** Whether a placed pod has a lower priority: otherwise there is nothing to preempt. */
  hasLowerPriority(priority: number): boolean {
    for (const other of this.#priorities.keys()) if (other < priority) return true
    return false
  }

  setNode(node: Node): void {
    const name = node.metadata.name ?? ''
    const info = this.#nodes.get(name)
    this.#nodesWithImage.clear()
    if (info !== undefined) {
      const zone = zoneOf(info)
      info.setNode(node)
      if (zoneOf(info) !== zone) this.#list = undefined
      return
    }
    const added = new NodeInfo(node)
    for (const placed of this.#placed.values()) if (placed.node === name) added.addPod(placed.pod)
    this.#nodes.set(name, added)
    this.#list = undefined
  }

  removeNode(name: string): void {
    this.#nodes.delete(name)
    this.#nodesWithImage.clear()
    this.#list = undefined
  }

  /** Stores a pod with a node, in place of its assumed state. Returns whether it needs less there than before. */
  setPod(pod: Pod): { readonly shrunk: boolean } {
    const before = this.#placed.get(idOf(pod))
    const info = before && this.#nodes.get(before.node)
    const requests = info?.requestsOf(pod)
    this.#place({ pod, node: pod.spec.nodeName ?? '', assumed: false })
    const after = info?.requestsOf(pod)
    if (requests === undefined || after === undefined) return { shrunk: false }
    return { shrunk: [...requests].some(([resource, amount]) => amount > (after.get(resource) ?? 0)) }
  }

  /** Counts the pod on the node from now on, before the API shows it there. */
  assume(pod: Pod, node: string): void {
    this.#place({ pod, node, assumed: true })
  }

  isAssumed(pod: Pod): boolean {
    return this.#placed.get(idOf(pod))?.assumed === true
  }

  removePod(pod: Pod): void {
    const placed = this.#placed.get(idOf(pod))
    if (placed === undefined) return
    this.#placed.delete(idOf(pod))
    this.#nodes.get(placed.node)?.removePod(pod)
    if (hasPodAffinity(placed.pod)) this.#podsWithAffinity--
    this.#count(placed.pod, -1)
  }

  #place(placed: Placed): void {
    this.removePod(placed.pod)
    this.#placed.set(idOf(placed.pod), placed)
    this.#nodes.get(placed.node)?.addPod(placed.pod)
    if (hasPodAffinity(placed.pod)) this.#podsWithAffinity++
    this.#count(placed.pod, 1)
    this.#nominated.delete(idOf(placed.pod))
  }

  #count(pod: Pod, change: 1 | -1): void {
    const priority = priorityOf(pod)
    const count = (this.#priorities.get(priority) ?? 0) + change
    if (count === 0) this.#priorities.delete(priority)
    else this.#priorities.set(priority, count)
  }
}

const noPods: readonly Pod[] = []
const maxKnownImages = 1000

const zoneOf = ({ labels }: NodeInfo): string =>
  `${labels['topology.kubernetes.io/region'] ?? ''}\0${labels['topology.kubernetes.io/zone'] ?? ''}`

function interleaved(zones: ReadonlyMap<string, readonly NodeInfo[]>): NodeInfo[] {
  const longest = Math.max(0, ...[...zones.values()].map(({ length }) => length))
  return Array.from({ length: longest }, (_, turn) => [...zones.values()].flatMap(nodes => nodes[turn] ?? [])).flat()
}
