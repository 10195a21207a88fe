// Timers with one timer per point in time: thousands of streams end with the credential that opened them.
import type { Clock } from '../../base/clock.ts'

/** The clock may be changed meanwhile, so it is checked at least this often. */
const maxSleepMs = 60_000

interface Expiry {
  readonly acts: Set<() => void>
  readonly stop: AbortController
}

export class Expiries {
  readonly #clock: Clock
  readonly #byTime = new Map<number, Expiry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `time` in milliseconds since the epoch; past times fire in a later microtask. Returns a function that cancels. */
  at(time: number, act: () => void): () => void {
    let expiry = this.#byTime.get(time)
    if (expiry === undefined) {
      expiry = { acts: new Set(), stop: new AbortController() }
      this.#byTime.set(time, expiry)
      void this.#wait(time, expiry)
    }
    const shared = expiry
    const { acts, stop } = shared
    // A new function, because the same one may be passed twice.
    const own = () => act()
    acts.add(own)
    return () => {
      if (!acts.delete(own) || acts.size > 0) return
      this.#forget(time, shared)
      stop.abort(new Error('nothing is waited for'))
    }
  }

  async #wait(time: number, expiry: Expiry): Promise<void> {
    const { acts, stop } = expiry
    try {
      for (let left = time - this.#clock.now(); left > 0; left = time - this.#clock.now()) {
        await this.#clock.sleep(Math.min(left, maxSleepMs), stop.signal)
      }
    } catch (err) {
      if (stop.signal.aborted) return
      throw err
    }
    // Later callers for the same time start a new expiry.
    await Promise.resolve()
    this.#forget(time, expiry)
    for (const act of acts) act()
  }

  #forget(time: number, expiry: Expiry): void {
    if (this.#byTime.get(time) === expiry) this.#byTime.delete(time)
  }
}
