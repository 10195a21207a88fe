// A queue of keys: each at most once, never processed twice at a time, and retried later after a failure.
import type { Clock } from '../base/clock.ts'

export interface WorkQueueOptions {
  readonly clock: Clock
  /** Back-off after the first failure of a key; it doubles with each further one. Default 5 ms, as in client-go. */
  readonly firstBackoffMs?: number
  /** Default 1000 s, as in client-go. */
  readonly maxBackoffMs?: number
}

const maxWaitMs = 24 * 3_600_000

interface Delay {
  /** When the key becomes ready. */
  readonly due: number
  readonly stop: AbortController
}

export class WorkQueue {
  readonly #clock: Clock
  readonly #first: number
  readonly #longest: number
  #stopped = false
  /** In the order of arrival. */
  readonly #ready = new Set<string>()
  readonly #working = new Set<string>()
  /** Added while being processed: ready again when done. */
  readonly #again = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #delayed = new Map<string, Delay>()
  readonly #takers: ((key: string | undefined) => void)[] = []

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock
    this.#first = options.firstBackoffMs ?? 5
    this.#longest = options.maxBackoffMs ?? 1_000_000
  }

  get depth(): number {
    return this.#ready.size
  }

  /** No key is ready or being processed; delayed keys do not count. */
  get idle(): boolean {
    return this.#ready.size === 0 && this.#working.size === 0
  }

  add(key: string): void {
    if (this.#stopped || this.#ready.has(key)) return
    if (this.#working.has(key)) {
      this.#again.add(key)
      return
    }
    const taker = this.#takers.shift()
    if (taker === undefined) {
      this.#ready.add(key)
      return
    }
    this.#working.add(key)
    taker(key)
  }

  /** The earliest of several delays of a key counts. Delays are limited to a day: the consumer of the key checks again. */
  addAfter(key: string, delayMs: number): void {
    // Timers support at most 2^31 ms, and fire at once above that.
    const ms = Math.min(delayMs, maxWaitMs)
    if (ms <= 0) this.add(key)
    if (ms <= 0 || this.#stopped) return
    const due = this.#clock.monotonic() + ms
    const waiting = this.#delayed.get(key)
    if (waiting !== undefined && waiting.due <= due) return
    this.cancelDelay(key)
    const delay = { due, stop: new AbortController() }
    this.#delayed.set(key, delay)
    this.#clock.sleep(ms, delay.stop.signal).then(
      () => {
        if (this.#delayed.get(key) !== delay) return
        this.#delayed.delete(key)
        this.add(key)
      },
      () => undefined,
    )
  }

  /** Cancels the delay of a key whose object no longer exists: its timer may run for a day. */
  cancelDelay(key: string): void {
    this.#delayed.get(key)?.stop.abort()
    this.#delayed.delete(key)
  }

  /**
   * After a failure: longer and longer delays. An early retry caused by an event does not count as a further failure: a dozen events while
   * the cache is behind would make the key wait for minutes.
   */
  addBackedOff(key: string): void {
    const failures = this.#failures.get(key) ?? 0
    const ms = Math.min(this.#first * 2 ** failures, this.#longest)
    const waiting = this.#delayed.get(key)
    if (waiting !== undefined && waiting.due <= this.#clock.monotonic() + ms) return
    this.#failures.set(key, failures + 1)
    this.addAfter(key, ms)
  }

  /** The key succeeded or was given up: resets its back-off. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** Resolves with the next key, which belongs to the caller until `done`; with undefined when the queue has stopped. */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined)
    for (const key of this.#ready) {
      this.#ready.delete(key)
      this.#working.add(key)
      return Promise.resolve(key)
    }
    return new Promise(resolve => this.#takers.push(resolve))
  }

  done(key: string): void {
    this.#working.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  /** All waiting and later `take` calls get undefined; queued keys are dropped. */
  stop(): void {
    this.#stopped = true
    for (const key of this.#delayed.keys()) this.cancelDelay(key)
    for (const taker of this.#takers.splice(0)) taker(undefined)
    this.#ready.clear()
    this.#again.clear()
  }
}
