// A clock for tests that advances only on request, and that can be set.
import type { Clock } from '../../base/clock.ts'

export class FakeClock implements Clock {
  #now: number
  readonly #began: number
  /** The difference that was set. */
  #offset = 0
  #sleepers: { readonly due: number; readonly wake: () => void }[] = []

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
    this.#began = now
  }

  now(): number {
    return this.#now + this.#offset
  }

  /** Begins at 0, as on a machine that has just started, so that comparing it with the time of day fails. */
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

  /** Sets the time without waking anything. */
  set(byMs: number): void {
    this.#offset += byMs
  }

  /** Wakes everything that is due by then, in order. */
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
