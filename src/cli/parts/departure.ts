// The end of a part that others use: between the request to stop and the stop it does what lets them go elsewhere.
import type { Clock } from '../../base/clock.ts'

export class Departure {
  readonly #clock: Clock
  readonly #end = new AbortController()
  #prepare: (() => Promise<number>) | undefined

  /** Before `prepare`, the end comes at once. */
  constructor(stop: AbortSignal, clock: Clock) {
    this.#clock = clock
    const begin = () => void this.#leave(stop.reason)
    if (stop.aborted) begin()
    else stop.addEventListener('abort', begin, { once: true })
  }

  /** Aborted, with the reason of the request to stop, when the part must end. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** `act` must not reject; it resolves with how many milliseconds to go on from then. */
  prepare(act: () => Promise<number>): void {
    this.#prepare = act
  }

  async #leave(reason: unknown): Promise<void> {
    const ms = await this.#prepare?.()
    if (ms !== undefined && ms > 0) await this.#clock.sleep(ms)
    this.#end.abort(reason)
  }
}
