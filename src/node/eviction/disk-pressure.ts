// Whether the node is short of disk: measured on request, and reported for a while longer than it holds, so that the condition does not
// flap.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { type DiskFacts, type MetThreshold, type Threshold, thresholdsMet } from './thresholds.ts'

/** Upstream's evictionPressureTransitionPeriod. */
const transitionMs = 300_000

export interface DiskPressureOptions {
  readonly facts: () => Promise<DiskFacts>
  readonly thresholds: readonly Threshold[]
  readonly clock: Clock
  readonly log: Logger
}

export interface DiskReading {
  readonly facts: DiskFacts
  readonly met: readonly MetThreshold[]
}

export class DiskPressure {
  readonly #options: DiskPressureOptions
  #seenAt: number | undefined
  #said = false

  constructor(options: DiskPressureOptions) {
    this.#options = options
  }

  /** Whether a threshold is met, or was met within the transition period. */
  get isUnder(): boolean {
    return this.#seenAt !== undefined && this.#options.clock.monotonic() - this.#seenAt < transitionMs
  }

  /** Rejects if a disk cannot be measured. */
  async look(): Promise<DiskReading> {
    const { facts: read, thresholds, clock, log } = this.#options
    const facts = await read()
    const met = thresholdsMet(thresholds, facts)
    if (met.length > 0) this.#seenAt = clock.monotonic()
    if (this.#said !== this.isUnder) {
      this.#said = this.isUnder
      const [first] = met
      if (first === undefined) log.info('the node has disk again')
      else log.error('the node is short of disk', { signal: first.signal, wanted: first.quantity, available: first.available })
    }
    return { facts, met }
  }
}
