// Whether the node is short of memory or processes: measured on request, and reported for a while longer than it holds, so that conditions
// do not flap.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'

/** Upstream's evictionPressureTransitionPeriod. */
const transitionMs = 300_000
/** Upstream's memory.available. */
export const memoryThresholdBytes = 100 * 1024 * 1024
/** pid.available, for which upstream has no default: with a nearly full process table nobody could log in to repair the node. */
export const pidThresholdShare = 0.05

export type NodeResource = 'memory' | 'pids'

/** Capacity of one resource, and what is available of it. */
export interface Supply {
  readonly capacity: number
  readonly available: number
}

/** Of the machine, and of all its pods together. */
export type ResourceFacts = Readonly<Record<NodeResource, { readonly machine: Supply; readonly pods: Supply }>>

export interface MetResource {
  readonly resource: NodeResource
  /** Below this, the threshold is met. */
  readonly quantity: number
  readonly available: number
}

const quantityOf: Readonly<Record<NodeResource, (capacity: number) => number>> = {
  memory: () => memoryThresholdBytes,
  pids: capacity => Math.trunc(capacity * pidThresholdShare),
}

/** Memory first: it runs out faster, and then the kernel chooses what to kill. */
export function resourcesMet(facts: ResourceFacts): MetResource[] {
  return (['memory', 'pids'] as const).flatMap(resource => {
    const { machine, pods } = facts[resource]
    for (const { capacity, available } of [machine, pods]) {
      // On a very small machine, the limit of all pods can be below the threshold.
      const quantity = Math.min(quantityOf[resource](capacity), Math.trunc(capacity / 2))
      if (available < quantity) return [{ resource, quantity, available }]
    }
    return []
  })
}

export interface ResourcePressureOptions {
  readonly facts: () => Promise<ResourceFacts>
  readonly clock: Clock
  readonly log: Logger
}

export class ResourcePressure {
  readonly #options: ResourcePressureOptions
  readonly #seenAt = new Map<NodeResource, number>()
  readonly #said = new Set<NodeResource>()

  constructor(options: ResourcePressureOptions) {
    this.#options = options
  }

  /** Whether its threshold is met, or was met within the transition period. */
  isUnder(resource: NodeResource): boolean {
    const seen = this.#seenAt.get(resource)
    return seen !== undefined && this.#options.clock.monotonic() - seen < transitionMs
  }

  /** Rejects if the kernel's figures cannot be read. */
  async look(): Promise<readonly MetResource[]> {
    const { facts, clock, log } = this.#options
    const met = resourcesMet(await facts())
    for (const { resource } of met) this.#seenAt.set(resource, clock.monotonic())
    for (const resource of ['memory', 'pids'] as const) {
      const isUnder = this.isUnder(resource)
      if (isUnder === this.#said.has(resource)) continue
      if (isUnder) this.#said.add(resource)
      else this.#said.delete(resource)
      const first = met.find(each => each.resource === resource)
      if (first === undefined) log.info('the node has enough again', { resource })
      else log.error('the node is short of a resource', { resource, wanted: first.quantity, available: first.available })
    }
    return met
  }
}
