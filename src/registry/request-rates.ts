// How many requests an address, a credential and an owner of credentials may send, and how many at once: each is a question to the API
// server, and takes a connection to the registry for as long as its client likes to read.
import { createHash } from 'node:crypto'
import { TokenBucket } from '../base/async/token-bucket.ts'
import { BoundedCache } from '../base/data/bounded-cache.ts'
import { RegistryFault } from './registry-fault.ts'

/** Of one credential: an image of a hundred layers at once, and a busy pipeline for long. */
export const credentialRate = { burst: 600, perSecond: 100 }
/** Of a user, or of all ServiceAccounts of a namespace, whatever number of tokens they make. */
export const ownerRate = { burst: 2000, perSecond: 300 }
export const ownerRequests = 64
/** Of one address, with credentials that are not accepted. */
export const failureRate = { burst: 20, perSecond: 1 }
const maxKnown = 10_000

export class RequestRates {
  readonly #credentials = new BoundedCache<TokenBucket>(maxKnown)
  readonly #owners = new BoundedCache<TokenBucket>(maxKnown)
  /** By credential. */
  readonly #ownerOf = new BoundedCache<string>(maxKnown)
  readonly #failures = new BoundedCache<{ readonly bucket: TokenBucket; exhausted: boolean }>(maxKnown)
  /** Credentials that were refused: they are not reviewed again while their address has no room. */
  readonly #refused = new BoundedCache<true>(maxKnown)
  readonly #running = new Map<string, number>()

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
    const owner = this.#ownerOf.get(key)
    if (owner !== undefined) this.#take(owner, now)
  }

  /** The credential was accepted, and is of this user. Its request runs until the disposal. Throws a RegistryFault beyond a rate. */
  begin(token: string, username: string, now: number): Disposable {
    const key = keyOf(token)
    const owner = ownerOf(username)
    // The first request with a credential is counted when its owner is known.
    if (this.#ownerOf.get(key) === undefined) this.#take(owner, now)
    this.#ownerOf.set(key, owner)
    const running = (this.#running.get(owner) ?? 0) + 1
    if (running > ownerRequests) throw tooMany(`of "${owner}" run already`)
    this.#running.set(owner, running)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#running.get(owner) ?? 1) - 1
        if (left > 0) this.#running.set(owner, left)
        else this.#running.delete(owner)
      },
    }
  }

  /** The credential was not accepted. */
  failed(address: string, token: string, now: number): void {
    const failures = this.#failures.get(address) ?? { bucket: new TokenBucket({ ...failureRate, now }), exhausted: false }
    this.#failures.set(address, failures)
    this.#refused.set(keyOf(token), true)
    if (!failures.bucket.take(now)) failures.exhausted = true
  }

  #take(owner: string, now: number): void {
    const bucket = this.#owners.get(owner) ?? new TokenBucket({ ...ownerRate, now })
    this.#owners.set(owner, bucket)
    if (!bucket.take(now)) throw tooMany(`come from "${owner}"`)
  }
}

const tooMany = (what: string): RegistryFault => new RegistryFault('TOOMANYREQUESTS', `Too many requests ${what}: try again later`)

const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64')

/** The ServiceAccounts of a namespace are one owner: whoever may create one may create many. */
function ownerOf(username: string): string {
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(username) ?? []
  return namespace === undefined ? username : `namespace ${namespace}`
}
