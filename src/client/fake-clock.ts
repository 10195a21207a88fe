// A clock that stands still until it is told to move, and that may be set; for tests.
import type { Clock } from '../base/clock.ts'

export class FakeClock implements Clock {
  #now: number
  readonly #began: number
  /** How far it was set from what it would show. */
  #offset = 0
  #sleepers: { readonly due: number; readonly wake: () => void }[] = []

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
    this.#began = now
  }

  now(): number {
    return this.#now + this.#offset
  }

  /** Begins at 0, as on a machine that has just started: whoever compares it with the time of day is found out. */
  monotonic(): number {
    return this.#now - this.#began
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper = { due: this.#now + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter(other => other !== sleeper)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  get sleepers(): number {
    return this.#sleepers.length
  }

  /** Somebody sets it: nobody wakes. */
  set(byMs: number): void {
    this.#offset += byMs
  }

  /** Wakes, in order, all that are due by then. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    for (;;) {
      const next = this.#sleepers.filter(({ due }) => due <= target).sort((a, b) => a.due - b.due)[0]
      if (next === undefined) break
      this.#sleepers = this.#sleepers.filter(sleeper => sleeper !== next)
      this.#now = Math.max(this.#now, next.due)
      next.wake()
      await new Promise(resolve => setImmediate(resolve))
    }
    this.#now = target
  }
}
