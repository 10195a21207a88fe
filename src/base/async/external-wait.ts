// The time that a request spent waiting for external services, which does not count as its own service time.
import type { Clock } from '../clock.ts'

export class ExternalWait {
  readonly #clock: Pick<Clock, 'monotonic'>
  #waits = 0
  #since = 0
  #ms = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** In milliseconds, of the waits that are over. Those at the same time count once. */
  get ms(): number {
    return this.#ms
  }

  /** The outcome of what is waited for. */
  async during<T>(wait: Promise<T>): Promise<T> {
    if (this.#waits++ === 0) this.#since = this.#clock.monotonic()
    try {
      return await wait
    } finally {
      if (--this.#waits === 0) this.#ms += this.#clock.monotonic() - this.#since
    }
  }
}
