// A cache within limits of entries and bytes, whose entries age, and that joins requests for what is being fetched.
import type { Clock } from '../base/clock.ts'

interface Kept<V> {
  readonly value: V
  /** Monotonic milliseconds. */
  readonly at: number
  readonly bytes: number
}

export interface KeptLimits<V> {
  readonly entries: number
  /** Default: no limit. */
  readonly bytes?: number
  sizeOf?(value: V): number
}

export class KeptResults<V> {
  readonly #clock: Clock
  readonly #limits: KeptLimits<V>
  /** The oldest first. */
  readonly #kept = new Map<string, Kept<V>>()
  readonly #fetching = new Map<string, Promise<V>>()
  #bytes = 0

  constructor(limits: KeptLimits<V>, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Undefined if there is none that is at most this old. */
  get(key: string, maxAgeMs: number): V | undefined {
    const kept = this.#kept.get(key)
    return kept !== undefined && this.#clock.monotonic() - kept.at <= maxAgeMs ? kept.value : undefined
  }

  set(key: string, value: V): void {
    const { entries, bytes: maxBytes = Number.POSITIVE_INFINITY, sizeOf } = this.#limits
    this.#drop(key)
    const bytes = sizeOf?.(value) ?? 0
    this.#kept.set(key, { value, at: this.#clock.monotonic(), bytes })
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= entries && this.#bytes <= maxBytes) break
      this.#drop(oldest)
    }
  }

  clear(): void {
    this.#kept.clear()
    this.#bytes = 0
  }

  /** A rejection is not kept. Only requests of the same `lane` are joined: those of one do not wait with those of another. */
  async fetch(key: string, maxAgeMs: number, fetch: () => Promise<V>, lane = ''): Promise<V> {
    const known = this.get(key, maxAgeMs)
    if (known !== undefined) return known
    const joined = `${lane}\n${key}`
    const running = this.#fetching.get(joined)
    if (running !== undefined) return running
    const started = fetch()
      .then(value => {
        this.set(key, value)
        return value
      })
      .finally(() => this.#fetching.delete(joined))
    this.#fetching.set(joined, started)
    return started
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0
    this.#kept.delete(key)
  }
}
