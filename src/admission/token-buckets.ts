// Rates by key: how often something may happen for each, with a bound on how many keys are remembered.
import { createHash } from 'node:crypto'
import { TokenBucket } from '../base/token-bucket.ts'

export interface Rate {
  /** Per second, in the long run. */
  readonly qps: number
  /** At once, after a rest. */
  readonly burst: number
}

/** Longer keys are kept as their digest: who makes events chooses names as long as an event. */
const maxKeyLength = 1024

/** Keys that were not used for longest are forgotten first; one that comes back begins with a full bucket. */
export class TokenBuckets {
  readonly #rate: Rate
  readonly #most: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate, most: number) {
    this.#rate = rate
    this.#most = most
  }

  /** Whether it may happen now; counts it if so. `now` in milliseconds. */
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
