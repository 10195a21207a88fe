// Limits a rate: a burst at once, then a number per second.

export class TokenBucket {
  readonly #burst: number
  readonly #perSecond: number
  #tokens: number
  #last: number

  constructor(options: { burst: number; perSecond: number; now: number }) {
    this.#burst = options.burst
    this.#perSecond = options.perSecond
    this.#tokens = options.burst
    this.#last = options.now
  }

  /** Takes a token at `now` (ms since the epoch), or returns false. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#last) / 1000) * this.#perSecond)
    this.#last = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
