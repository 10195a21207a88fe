// Rate limits by key, with a limit of cached keys.
import { createHash } from 'node:crypto'
import { TokenBucket } from '../base/async/token-bucket.ts'

export interface Rate {
  /** Long-term rate per second. */
  readonly qps: number
  /** Burst after a rest. */
  readonly burst: number
}

/** Longer keys are stored as their digest, because names in events can be as long as an event. */
const maxKeyLength = 1024

/** The least recently used keys are dropped first; a key that comes back begins with a full bucket. */
export class TokenBuckets {
  readonly #rate: Rate
  readonly #most: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate, most: number) {
    this.#rate = rate
    this.#most = most
  }

  /** Returns whether it may happen now, and counts it. `now` in milliseconds. */
  take(name: string, now: number): boolean {
    const { qps, burst } = this.#rate
    const key = name.length > maxKeyLength ? createHash('sha256').update(name).digest('base64') : name
    const bucket = this.#buckets.get(key) ?? new TokenBucket({ burst, perSecond: qps, now })
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#most) break
      this.#buckets.delete(oldest)
    }
    return bucket.take(now)
  }
}
