// Consistent reads from memory: asks etcd how far all servers have written, once for all readers that wait, and waits until that is in memory.
import type { Clock } from '../../base/clock.ts'
import { NotFresh } from '../store.ts'
import type { EtcdClient } from './etcd-client.ts'
import type { EtcdReader } from './etcd-reader.ts'
import type { Follower } from './follower.ts'
import type { KeyNames } from './key-names.ts'
import type { RangeResponse } from './messages.ts'
import type { WriteRight } from './write-right.ts'

/** How long a read waits for etcd: an election takes up to two seconds. */
const askMs = 5_000
/** A server that never saw another one reads on with its last state when etcd does not answer within this time. */
const aloneAskMs = 500
/** Then it does not ask again for this time. */
const silentMs = 1_000

export interface FreshnessOptions {
  readonly client: EtcdClient
  readonly names: KeyNames
  readonly reader: EtcdReader
  readonly follower: Follower
  readonly right: WriteRight
  readonly clock: Clock
}

export class Freshness {
  readonly #options: FreshnessOptions
  #asking: Promise<void> | undefined
  /** Readers that came during the question: only a later one covers them. */
  #next: Promise<void> | undefined
  /** Monotonic time before which etcd is not asked. */
  #silentUntil = Number.NEGATIVE_INFINITY

  constructor(options: FreshnessOptions) {
    this.#options = options
  }

  /** Undefined if memory is the newest state. Rejects with `NotFresh`. */
  fresh(signal?: AbortSignal): Promise<void> | undefined {
    const { right, clock } = this.#options
    if (right.isAlone) return undefined
    if (this.#mayBeAlone && clock.monotonic() < this.#silentUntil) return undefined
    const answer = this.#ask()
    return signal === undefined ? answer : withSignal(answer, signal)
  }

  /** A server that has seen no other since its start, but whose lease was not renewed. */
  get #mayBeAlone(): boolean {
    const { right } = this.#options
    return right.wasAlone && !right.hasShared
  }

  #ask(): Promise<void> {
    if (this.#asking === undefined) {
      this.#asking = this.#catchUp().finally(() => {
        this.#asking = undefined
      })
      return this.#asking
    }
    this.#next ??= this.#asking
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#ask()
      })
    return this.#next
  }

  async #catchUp(): Promise<void> {
    const { client, names, reader, follower, right, clock } = this.#options
    const mayBeAlone = this.#mayBeAlone
    const timeoutMs = mayBeAlone ? aloneAskMs : askMs
    try {
      const range = { key: Buffer.from(names.head), keysOnly: true }
      const { kvs } = await client.persist<RangeResponse>('Range', range, { timeoutMs })
      const newest = kvs[0]?.modRevision ?? 0
      if (newest <= reader.position.etcdRevision) return
      // Another server took over while this one could not renew its lease.
      if (right.wasAlone) await right.refresh()
      await follower.reached(newest, AbortSignal.timeout(askMs))
    } catch (err) {
      if (!mayBeAlone) throw new NotFresh({ cause: err })
      this.#silentUntil = clock.monotonic() + silentMs
    }
  }
}

function withSignal(answer: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
