// The clock of one machine: it may be set, and it stands still for a process that is paused.
import type { Clock } from '../../src/base/clock.ts'

export class PartClock implements Clock {
  readonly #clock: Clock
  #running: PromiseWithResolvers<void> | undefined
  /** Milliseconds by which it is wrong. */
  skewMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now() + this.skewMs
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  /** As SIGSTOP: what sleeps sleeps on. */
  pause(): void {
    this.#running ??= Promise.withResolvers()
  }

  resume(): void {
    this.#running?.resolve()
    this.#running = undefined
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal)
    while (this.#running !== undefined) {
      await this.#running.promise
      signal?.throwIfAborted()
    }
  }
}
