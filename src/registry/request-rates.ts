// How many requests an address and a credential may send: each is a question to the API server.
import { createHash } from 'node:crypto'
import { TokenBucket } from '../base/async/token-bucket.ts'
import { BoundedCache } from '../base/data/bounded-cache.ts'
import { RegistryFault } from './registry-fault.ts'

/** Of one credential: an image of a hundred layers at once, and a busy pipeline for long. */
export const credentialRate = { burst: 600, perSecond: 100 }
/** Of one address, with credentials that are not accepted. */
export const failureRate = { burst: 20, perSecond: 1 }
const maxKnown = 10_000

export class RequestRates {
  readonly #credentials = new BoundedCache<TokenBucket>(maxKnown)
  readonly #failures = new BoundedCache<{ readonly bucket: TokenBucket; exhausted: boolean }>(maxKnown)
  /** Credentials that were refused: they are not reviewed again while their address has no room. */
  readonly #refused = new BoundedCache<true>(maxKnown)

  /** Throws a RegistryFault beyond a rate. Credentials that were accepted are not delayed by failures of others behind their address. */
  requireRoom(address: string, token: string, now: number): void {
    const key = keyOf(token)
    const failures = this.#failures.get(address)
    const known = this.#credentials.get(key)
    if (failures?.exhausted === true && (known === undefined || this.#refused.get(key))) {
      if (!failures.bucket.take(now)) throw tooMany('of this address were refused')
      failures.exhausted = false
    }
    const bucket = known ?? new TokenBucket({ ...credentialRate, now })
    this.#credentials.set(key, bucket)
    if (!bucket.take(now)) throw tooMany('come with this credential')
  }

  /** The credential was not accepted. */
  failed(address: string, token: string, now: number): void {
    const failures = this.#failures.get(address) ?? { bucket: new TokenBucket({ ...failureRate, now }), exhausted: false }
    this.#failures.set(address, failures)
    this.#refused.set(keyOf(token), true)
    if (!failures.bucket.take(now)) failures.exhausted = true
  }
}

const tooMany = (what: string): RegistryFault => new RegistryFault('TOOMANYREQUESTS', `Too many requests ${what}: try again later`)

const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64')
