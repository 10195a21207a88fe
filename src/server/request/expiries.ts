// What is to happen at a time, with one timer for all that happens at the same: thousands of streams end with the credential that opened them.
import type { Clock } from '../../base/clock.ts'

/** The clock may be set meanwhile: what is over by then happens within this time. */
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

  /** `time` in milliseconds since the epoch; what is over already happens in a later microtask. Returns what takes it back. */
  at(time: number, act: () => void): () => void {
    let expiry = this.#byTime.get(time)
    if (expiry === undefined) {
      expiry = { acts: new Set(), stop: new AbortController() }
      this.#byTime.set(time, expiry)
      void this.#wait(time, expiry)
    }
    const shared = expiry
    const { acts, stop } = shared
    // A function of its own: the same one may be given twice.
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
    // Whoever comes behind an expiry that is over begins another one.
    await Promise.resolve()
    this.#forget(time, expiry)
    for (const act of acts) act()
  }

  #forget(time: number, expiry: Expiry): void {
    if (this.#byTime.get(time) === expiry) this.#byTime.delete(time)
  }
}
