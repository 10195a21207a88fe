// Tells users why pods wait, at a bounded rate: bindings must not queue behind ten thousand such reports. Upstream bounds its scheduler's client alike.
import type { Pod } from '../api/types/core-v1.ts'
import { type Clock, pause } from '../base/clock.ts'
import { TokenBucket } from '../base/token-bucket.ts'
import { keyOf } from '../client/object-key.ts'

const burst = 100
const perSecond = 50
/** Told at once: the server commits what comes together together, for less than half the price. */
const perRound = 10
/** While pods without a place keep arriving, whoever makes them needs the server more than their reports do: one in so many ms. */
const floodMs = 200
/** Before the first is told: whoever makes one such pod often makes more, and is not to wait for what is said of the first of them. In ms. */
const gatherMs = 200
/** So long without a new one is the end of a flood, in ms. */
const calmMs = 100

export interface UnschedulableReportsOptions {
  readonly clock: Clock
  /** Writes event and condition. Must not reject but for the signal. */
  tell(pod: Pod, message: string): Promise<void>
}

interface Report {
  readonly pod: Pod
  readonly message: string
}

export class UnschedulableReports {
  readonly #options: UnschedulableReportsOptions
  readonly #bucket: TokenBucket
  /** The newest reason of each waiting pod, by its key, oldest first. One a pod, dropped with it: never more than there are pending pods. */
  readonly #waiting = new Map<string, Report>()
  #running: Promise<void> | undefined
  #lastAdded = Number.NEGATIVE_INFINITY

  constructor(options: UnschedulableReportsOptions) {
    this.#options = options
    this.#bucket = new TokenBucket({ burst, perSecond, now: options.clock.monotonic() })
  }

  get size(): number {
    return this.#waiting.size
  }

  add(pod: Pod, message: string, signal: AbortSignal): void {
    this.#waiting.set(keyOf(pod), { pod, message })
    this.#lastAdded = this.#options.clock.monotonic()
    this.#running ??= this.#drain(signal).finally(() => {
      this.#running = undefined
    })
  }

  /** The pod was placed or is gone: nothing is to be said. */
  drop(pod: Pod): void {
    this.#waiting.delete(keyOf(pod))
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const { clock, tell } = this.#options
    await pause(clock, gatherMs, signal)
    while (this.#waiting.size > 0 && !signal.aborted) {
      const most = this.#isFlood() ? 1 : perRound
      const round = this.#take(most)
      const spent = round.length < most && this.#waiting.size > 0
      await Promise.all(round.map(({ pod, message }) => tell(pod, message)))
      if (this.#isFlood()) await pause(clock, floodMs, signal)
      else if (spent || this.#isCrowd()) await pause(clock, (1000 * perRound) / perSecond, signal)
    }
  }

  #take(most: number): Report[] {
    const round: Report[] = []
    for (const [key, report] of this.#waiting) {
      if (round.length === most || !this.#bucket.take(this.#options.clock.monotonic())) break
      this.#waiting.delete(key)
      round.push(report)
    }
    return round
  }

  /** More than a burst can tell: they have waited, and what was saved up for the few would fall on whoever made them. */
  #isCrowd(): boolean {
    return this.#waiting.size > burst
  }

  #isFlood(): boolean {
    return this.#isCrowd() && this.#options.clock.monotonic() - this.#lastAdded < calmMs
  }
}
