// Checks regularly whether another part answers, so that health checks never wait for one that hangs.
import { type Clock, pause } from './clock.ts'
import type { Logger } from './log.ts'

export interface PartWatchOptions {
  /** For messages: `the signer`. */
  readonly name: string
  /** Rejects if the part fails. */
  ask(signal: AbortSignal): Promise<unknown>
  readonly clock: Clock
  readonly log: Logger
}

/** Pause between an answer and the next request. */
const everyMs = 2000
/** A request without an answer for this long counts as failed. */
const silentMs = 5000

export class PartWatch {
  readonly #options: PartWatchOptions
  #asked: number | undefined
  #failure: string | undefined

  constructor(options: PartWatchOptions) {
    this.#options = options
  }

  /** The fault; undefined while the part answers. */
  check(): string | undefined {
    const { name, clock } = this.#options
    if (this.#asked !== undefined && clock.monotonic() - this.#asked >= silentMs) return `${name} does not answer`
    return this.#failure
  }

  /** Checks until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { name, clock, log } = this.#options
    while (!signal.aborted) {
      this.#asked = clock.monotonic()
      try {
        await this.#options.ask(signal)
        this.#failure = undefined
      } catch (err) {
        if (signal.aborted) return
        // A part that is stopped or restarted breaks one request, which is no fault to log.
        if (this.#failure !== undefined) log.error(`cannot reach ${name}`, { err })
        this.#failure = `${name} failed`
      }
      this.#asked = undefined
      await pause(clock, everyMs, signal)
    }
  }
}
