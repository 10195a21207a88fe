// Keys that wait for work: each at most once, never worked on twice at a time, and back later after a failure.
import type { Clock } from '../base/clock.ts'

export interface WorkQueueOptions {
  readonly clock: Clock
  /** The wait after the first failure of a key; it doubles with each further one. Default 5 ms, as client-go's. */
  readonly firstBackoffMs?: number
  /** Default 1000 s, as client-go's. */
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
  /** Added while worked on: ready again when done. */
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

  /** Nothing is ready or being worked on; delayed keys do not count. */
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

  /** Of several delays of one key the earliest counts. A longer one than a day is over after a day: whoever takes the key looks again. */
  addAfter(key: string, delayMs: number): void {
    // Timers hold at most 2^31 ms, and go off at once with more.
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

  /** Nothing is due for the key any more, because its object is gone: a timer for it may be a day long. */
  cancelDelay(key: string): void {
    this.#delayed.get(key)?.stop.abort()
    this.#delayed.delete(key)
  }

  /**
   * After a failure: later and later. One that comes before the key is back is no try of its own: events bring a key back at once, and a
   * dozen of them while its cache is behind would make it wait for minutes.
   */
  addBackedOff(key: string): void {
    const failures = this.#failures.get(key) ?? 0
    const ms = Math.min(this.#first * 2 ** failures, this.#longest)
    const waiting = this.#delayed.get(key)
    if (waiting !== undefined && waiting.due <= this.#clock.monotonic() + ms) return
    this.#failures.set(key, failures + 1)
    this.addAfter(key, ms)
  }

  /** The key succeeded, or is given up: its failures no longer count. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** The next key, which is the caller's until `done`; undefined when the queue has stopped. */
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

  /** Every waiting and later `take` gets undefined; what waits is dropped. */
  stop(): void {
    this.#stopped = true
    for (const key of this.#delayed.keys()) this.cancelDelay(key)
    for (const taker of this.#takers.splice(0)) taker(undefined)
    this.#ready.clear()
    this.#again.clear()
  }
}
