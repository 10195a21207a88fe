// Limits how many nodes that are not ready lose their pods: in a large outage, the control plane has probably lost contact with them, and
// moving their pods would overload the rest. As upstream's node life-cycle controller.
import { regionLabel, zoneLabel } from '../../api/nodes/topology-labels.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { nodeCondition } from './node-health.ts'

export interface EvictionRates {
  /** Nodes per second in each zone whose pods are evicted. */
  readonly nodeEvictionRate: number
  /** The same in a zone of more than `largeClusterSizeThreshold` nodes, if many of them are not ready; smaller zones then evict nothing. */
  readonly secondaryNodeEvictionRate: number
  readonly largeClusterSizeThreshold: number
  /** The share of a zone's nodes that counts as many; at least three. */
  readonly unhealthyZoneThreshold: number
}

/** Such a node does not count for its zone. */
const excludedLabel = 'node.kubernetes.io/exclude-disruption'
const fewestUnready = 3
/** Rounding of tokens that arrived in many small parts. */
const full = 1 - 1e-6

interface Zone {
  readonly key: string
  /** The zone's nodes, including those that do not count. */
  members: number
  ready: number
  unready: number
  /** Between 0 and 1: one node at a time. */
  token: number
  /** Time of the last refill, in milliseconds. */
  filled: number
  /** Nodes that wait for their turn, in order. */
  readonly waiting: Set<string>
}

interface KnownNode {
  readonly zone: Zone
  readonly isReady: boolean
  readonly counts: boolean
  /** Since when its readiness is unchanged, by our own clock. */
  readonly since: number
  /** Its turn came, and lasts until it is ready again. */
  isGranted: boolean
}

export class EvictionPace {
  readonly #rates: EvictionRates
  /** How long a node must have been unready, in milliseconds: by then, others of the same outage are known. */
  readonly #settleMs: number
  readonly #zones = new Map<string, Zone>()
  readonly #nodes = new Map<string, KnownNode>()
  #ready = 0
  #unready = 0

  constructor(rates: EvictionRates, settleMs: number) {
    this.#rates = rates
    this.#settleMs = settleMs
  }

  /** Zones that have nodes. */
  get zones(): number {
    return this.#zones.size
  }

  /** The current state of a node; call it with each change. */
  note(node: Node, now: number): void {
    const name = node.metadata.name ?? ''
    const before = this.#nodes.get(name)
    const zone = this.#zoneOf(node, now)
    const isReady = nodeCondition(node, 'Ready')?.status === 'True'
    const counts = node.metadata.labels?.[excludedLabel] === undefined
    if (before?.zone === zone && before.isReady === isReady && before.counts === counts) return
    this.forget(name, now)
    const goesOn = before !== undefined && before.isReady === isReady
    this.#nodes.set(name, { zone, isReady, counts, since: goesOn ? before.since : now, isGranted: goesOn && before.isGranted })
    this.#zones.set(zone.key, zone)
    zone.members++
    this.#count(zone, isReady, counts, 1, now)
  }

  forget(name: string, now: number): void {
    const known = this.#nodes.get(name)
    if (known === undefined) return
    this.#nodes.delete(name)
    known.zone.waiting.delete(name)
    this.#count(known.zone, known.isReady, known.counts, -1, now)
    known.zone.members--
    // Nodes choose their labels: zones without a node are dropped.
    if (known.zone.members === 0) this.#zones.delete(known.zone.key)
  }

  /**
   * Whether the pods of this unready node must be evicted. Call it again until it returns true: each call may take the node's turn.
   * `evictsAlready` is the state of its taints.
   */
  evicts(name: string, evictsAlready: boolean, now: number): boolean {
    const known = this.#nodes.get(name)
    if (known === undefined || known.isReady) return false
    // There is no node to move to, and all taints are removed.
    if (this.#allAreAway) {
      known.isGranted = false
      known.zone.waiting.delete(name)
      return false
    }
    if (known.isGranted || evictsAlready) return true
    if (now - known.since < this.#settleMs) return false
    known.isGranted = this.#isTurn(known.zone, name, now)
    return known.isGranted
  }

  get #allAreAway(): boolean {
    return this.#ready === 0 && this.#unready > 0
  }

  #isTurn(zone: Zone, name: string, now: number): boolean {
    zone.waiting.add(name)
    this.#fill(zone, now)
    const [first] = zone.waiting
    if (first !== name || zone.token < full) return false
    zone.token = 0
    zone.waiting.delete(name)
    return true
  }

  #fill(zone: Zone, now: number): void {
    const rate = this.#rateOf(zone)
    // A zone without evictions saves no turns for later.
    zone.token = rate === 0 ? 0 : Math.min(1, zone.token + (Math.max(0, now - zone.filled) / 1000) * rate)
    zone.filled = now
  }

  #rateOf({ ready, unready }: Zone): number {
    const { nodeEvictionRate, secondaryNodeEvictionRate, largeClusterSizeThreshold, unhealthyZoneThreshold } = this.#rates
    if (this.#allAreAway) return 0
    const size = ready + unready
    // A zone without any ready node counts as lost, as long as other zones live.
    const isPartial = ready > 0 && unready >= fewestUnready && unready / size >= unhealthyZoneThreshold
    if (!isPartial) return nodeEvictionRate
    return size > largeClusterSizeThreshold ? secondaryNodeEvictionRate : 0
  }

  #count(zone: Zone, isReady: boolean, counts: boolean, by: number, now: number): void {
    if (!counts) return
    // Time until now counts at the old rates of all zones: this matters when the first node comes back or the last one fails.
    const concerned = isReady && this.#ready + Math.min(0, by) === 0 ? this.#zones.values() : [zone]
    for (const one of concerned) this.#fill(one, now)
    if (isReady) {
      zone.ready += by
      this.#ready += by
    } else {
      zone.unready += by
      this.#unready += by
    }
  }

  #zoneOf(node: Node, now: number): Zone {
    const labels = node.metadata.labels ?? {}
    const key = `${labels[regionLabel] ?? ''}/${labels[zoneLabel] ?? ''}`
    return this.#zones.get(key) ?? { key, members: 0, ready: 0, unready: 0, token: 1, filled: now, waiting: new Set() }
  }
}
