// Notices when a repeated operation, such as the sync of a log, hangs: one check every few seconds instead of a timer for each.
import { type Clock, pause } from '../clock.ts'
import type { Logger } from '../log.ts'

export interface StallWatchOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The name of the operation, for the log: `audit log`. */
  readonly subject: string
  /** Default 5 s. */
  readonly limitMs?: number
}

export class StallWatch implements Disposable {
  readonly #options: StallWatchOptions
  readonly #limitMs: number
  readonly #closing = new AbortController()
  #began: number | undefined
  #watching = false
  #stalled = false

  constructor(options: StallWatchOptions) {
    this.#options = options
    this.#limitMs = options.limitMs ?? 5000
  }

  /** Whether a started operation exceeds the limit. */
  get stalled(): boolean {
    return this.#stalled
  }

  /** Call when an operation has ended. */
  begin(): void {
    this.#began = this.#options.clock.monotonic()
    if (!this.#watching) void this.#watch()
  }

  end(): void {
    const began = this.#began
    this.#began = undefined
    if (!this.#stalled || began === undefined) return
    this.#stalled = false
    const { clock, log, subject } = this.#options
    log.info('disk responds again', { subject, seconds: Math.round((clock.monotonic() - began) / 1000) })
  }

  [Symbol.dispose](): void {
    this.#closing.abort(new Error('nothing is watched any more'))
  }

  /** Runs until nothing runs at a check, or the running operation is known to hang. */
  async #watch(): Promise<void> {
    const { clock, log, subject } = this.#options
    this.#watching = true
    for (let began = this.#began; began !== undefined && !this.#closing.signal.aborted; began = this.#began) {
      const left = began + this.#limitMs - clock.monotonic()
      if (left <= 0) {
        this.#stalled = true
        log.error('disk does not answer', { subject, seconds: this.#limitMs / 1000 })
        break
      }
      await pause(clock, left, this.#closing.signal)
    }
    this.#watching = false
  }
}
