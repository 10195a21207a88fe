// Notices a part that hangs: it is asked regularly, and one that leaves too many questions in a row unanswered counts as dead.
import { type Clock, pause } from '../../base/clock.ts'

export const heartbeatMs = 5000
/** Of a part that is ready; one that starts may be busy with a large store. */
const maxUnanswered = 6
const maxUnansweredAtStart = 24

export interface HeartbeatOptions {
  readonly clock: Clock
  /** Asks the part. */
  ask(): void
  isReady(): boolean
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  /** Questions and not time: whoever stops this process as well, or suspends the machine, makes no part late. */
  #unanswered = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  answered(): void {
    this.#unanswered = 0
  }

  /** Resolves with how long the part has not answered, in milliseconds, when that is too long; with undefined when the signal ends it. */
  async run(signal: AbortSignal): Promise<number | undefined> {
    const { clock, ask, isReady } = this.#options
    for (;;) {
      await pause(clock, heartbeatMs, signal)
      if (signal.aborted) return undefined
      if (this.#unanswered >= (isReady() ? maxUnanswered : maxUnansweredAtStart)) return this.#unanswered * heartbeatMs
      this.#unanswered++
      ask()
    }
  }
}
