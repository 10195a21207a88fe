// Reports why pods are unschedulable, at a limited rate, because bindings must not queue behind ten thousand reports. Upstream limits its
// scheduler's client too.
import type { Pod } from '../api/types/core-v1.ts'
import { TokenBucket } from '../base/async/token-bucket.ts'
import { type Clock, pause } from '../base/clock.ts'
import { keyOf } from '../client/cache/object-key.ts'

const burst = 100
const perSecond = 50
/** Sent together: the server commits concurrent writes together, at less than half the cost. */
const perRound = 10
/** While unschedulable pods keep arriving, their creator needs the server more than the reports: one report per this many ms. */
const floodMs = 200
/** Delay before the first report, in ms: such pods often come in numbers, and their creation must not wait for reports. */
const gatherMs = 200
/** The flood ends after this many ms without a new pod. */
const calmMs = 100

export interface UnschedulableReportsOptions {
  readonly clock: Clock
  /** Writes event and condition. Must not reject except for the signal. */
  tell(pod: Pod, message: string): Promise<void>
}

interface Report {
  readonly pod: Pod
  readonly message: string
}

export class UnschedulableReports {
  readonly #options: UnschedulableReportsOptions
  readonly #bucket: TokenBucket
  /** The newest reason for each waiting pod, by key, oldest first. One per pod, dropped with it: never more than there are pending pods. */
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
    this.#running ??= this.#drain(signal)
  }

  /** The pod was placed or deleted: nothing to report. */
  drop(pod: Pod): void {
    this.#waiting.delete(keyOf(pod))
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const { clock, tell } = this.#options
    try {
      await pause(clock, gatherMs, signal)
      while (this.#waiting.size > 0 && !signal.aborted) {
        const most = this.#isFlood() ? 1 : perRound
        const round = this.#take(most)
        const spent = round.length < most && this.#waiting.size > 0
        await Promise.all(round.map(({ pod, message }) => tell(pod, message)))
        if (this.#isFlood()) await pause(clock, floodMs, signal)
        else if (spent || this.#isCrowd()) await pause(clock, (1000 * perRound) / perSecond, signal)
      }
    } finally {
      // In the turn of the last look: a report that comes later begins anew.
      this.#running = undefined
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

  /** More than a burst: these have waited already, and sending the saved burst would slow down their creator. */
  #isCrowd(): boolean {
    return this.#waiting.size > burst
  }

  #isFlood(): boolean {
    return this.#isCrowd() && this.#options.clock.monotonic() - this.#lastAdded < calmMs
  }
}
