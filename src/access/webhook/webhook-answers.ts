// Cached answers of webhooks, and pending calls: equal questions share one call.
import type { Clock } from '../../base/clock.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'

interface CachedUntil<T> {
  readonly answer: T
  readonly until: number
}

export interface AnswerBounds {
  readonly maxCached: number
  /** Limit of different pending questions. */
  readonly maxOpen: number
}

export class WebhookAnswers<Kept, Given> {
  readonly #clock: Clock
  readonly #cached: BoundedCache<CachedUntil<Kept>>
  readonly #open = new Map<string, Promise<Given>>()
  readonly #maxOpen: number

  constructor(clock: Clock, { maxCached, maxOpen }: AnswerBounds) {
    this.#clock = clock
    this.#cached = new BoundedCache(maxCached)
    this.#maxOpen = maxOpen
  }

  keep(key: string, answer: Kept, ms: number): void {
    this.#cached.set(key, { answer, until: this.#clock.monotonic() + ms })
  }

  kept(key: string): Kept | undefined {
    const known = this.#cached.get(key)
    return known !== undefined && this.#clock.monotonic() < known.until ? known.answer : undefined
  }

  /** Undefined if too many are pending. `ask` never rejects. */
  once(key: string, ask: () => Promise<Given>): Promise<Given> | undefined {
    const asked = this.#open.get(key)
    if (asked !== undefined) return asked
    if (this.#open.size >= this.#maxOpen) return undefined
    const asking = ask().finally(() => this.#open.delete(key))
    this.#open.set(key, asking)
    return asking
  }
}
