// How long a request waited for somebody else: time that its own service is not measured by.
import type { Clock } from '../clock.ts'

export class ExternalWait {
  #waits = 0
  #since = 0
  #ms = 0

  /** In milliseconds, of the waits that are over. Those at the same time count once. */
  get ms(): number {
    return this.#ms
  }

  /** The outcome of what is waited for. */
  async during<T>(wait: Promise<T>, clock: Pick<Clock, 'monotonic'>): Promise<T> {
    if (this.#waits++ === 0) this.#since = clock.monotonic()
    try {
      return await wait
    } finally {
      if (--this.#waits === 0) this.#ms += clock.monotonic() - this.#since
    }
  }
}
