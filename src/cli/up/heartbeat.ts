// Detects a part that hangs: it is pinged regularly, and counts as dead after too many unanswered pings in a row.
import { type Clock, pause } from '../../base/clock.ts'

export const heartbeatMs = 5000
/** For a ready part; a part that starts may be busy with a large store. */
const maxUnanswered = 6
const maxUnansweredAtStart = 24

export interface HeartbeatOptions {
  readonly clock: Clock
  /** Sends a ping to the part. */
  ask(): void
  isReady(): boolean
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  /** Counts pings and not time, so that a suspended machine or a stopped supervisor does not make a part late. */
  #unanswered = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  answered(): void {
    this.#unanswered = 0
  }

  /** Resolves with the milliseconds without an answer when these are too many, or with undefined at the signal. */
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
