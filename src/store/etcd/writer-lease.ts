// The right to write: one server has it at a time, by a key in etcd under a lease. Every write is a transaction that compares this key, so a
// server that lost it cannot write, however late its request arrives.
import { randomInt } from 'node:crypto'
import { type Clock, pause } from '../../base/clock.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import type { LeaseGrantResponse, LeaseKeepAliveResponse, RangeResponse, TxnResponse } from './messages.ts'

/** etcd's own minimum is 1.5 election timeouts, 2 s by default. */
const leaseSeconds = 4
const renewEveryMs = 1_000
const renewMs = 1_500
/** Clocks of two machines may differ in rate by so much of the lease. */
const driftShare = 0.05

export interface WriterIdentity {
  /** Of the data directory: a restarted server takes over from itself at once. */
  readonly id: string
  /** Where other servers reach this one. */
  readonly address: string
}

export interface WriterLeaseOptions {
  readonly client: EtcdClient
  readonly prefix: string
  readonly identity: WriterIdentity
  readonly clock: Clock
  readonly log: Logger
}

/** `token` is the writer key's revision in etcd: writes compare it. */
export type Attempt = { readonly acquired: true; readonly token: number } | { readonly acquired: false; readonly holder: WriterIdentity }

export class WriterLease {
  readonly key: Buffer
  readonly #options: WriterLeaseOptions
  readonly #closing = new AbortController()
  #lease: number | undefined
  #token = 0
  /** Monotonic time until which no other server can have written. */
  #certainUntil = Number.NEGATIVE_INFINITY
  #renewing: Promise<void> | undefined

  constructor(options: WriterLeaseOptions) {
    this.#options = options
    this.key = Buffer.from(`${options.prefix}writer`)
  }

  get token(): number {
    return this.#token
  }

  /** Whether no other server can write now, so that reads of this one's memory are the newest state. */
  get isCertain(): boolean {
    return this.#options.clock.monotonic() < this.#certainUntil
  }

  /** Takes the right if nobody has it, or the holder is an earlier process of this server. Rejects with EtcdError. */
  async attempt(signal?: AbortSignal): Promise<Attempt> {
    const { client, identity, clock } = this.#options
    const held = (await client.call<RangeResponse>('Range', { key: this.key }, { signal })).kvs[0]
    const holder = held && parseIdentity(held.value)
    if (held !== undefined && holder !== undefined && holder.id !== identity.id) return { acquired: false, holder }
    const begun = clock.monotonic()
    const lease = randomInt(1, 2 ** 47)
    const { TTL } = await client.call<LeaseGrantResponse>('LeaseGrant', { ID: lease, TTL: leaseSeconds }, { signal })
    const { succeeded, header } = await client.call<TxnResponse>(
      'Txn',
      {
        compare: [{ result: 'EQUAL', target: 'MOD', key: this.key, modRevision: held?.modRevision ?? 0 }],
        success: [{ requestPut: { key: this.key, value: Buffer.from(JSON.stringify(identity)), lease } }],
      },
      { signal },
    )
    if (!succeeded) return this.attempt(signal)
    this.#lease = lease
    this.#token = header.revision
    this.#certainUntil = begun + TTL * 1000 * (1 - driftShare)
    this.#renewing ??= this.#renewRegularly()
    return { acquired: true, token: this.#token }
  }

  /** Gives the right up, so that another server can take it at once. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#renewing
    const lease = this.#lease
    this.#certainUntil = Number.NEGATIVE_INFINITY
    if (lease === undefined) return
    try {
      await this.#options.client.call('LeaseRevoke', { ID: lease }, { timeoutMs: renewMs })
    } catch (err) {
      this.#options.log.info('the right to write ends with its lease', { err })
    }
  }

  async #renewRegularly(): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#closing
    for (; !signal.aborted; await pause(clock, renewEveryMs, signal)) {
      try {
        await this.#renew()
      } catch (err) {
        // The next write notices whether the lease has ended.
        if (!signal.aborted) log.error('cannot renew the right to write in etcd', { err })
      }
    }
  }

  async #renew(): Promise<void> {
    const { client, clock } = this.#options
    const lease = this.#lease
    if (lease === undefined) return
    const begun = clock.monotonic()
    using stream = client.open<{ ID: number }, LeaseKeepAliveResponse>('LeaseKeepAlive')
    const limit = AbortSignal.timeout(renewMs)
    limit.addEventListener('abort', () => stream[Symbol.dispose](), { once: true })
    stream.send({ ID: lease })
    for await (const { TTL } of stream) {
      if (TTL <= 0) throw new EtcdError('no-lease', 'the lease of the right to write has ended')
      if (lease === this.#lease) this.#certainUntil = begun + TTL * 1000 * (1 - driftShare)
      return
    }
  }
}

export function parseIdentity(value: Buffer): WriterIdentity | undefined {
  const parsed = parseJson(value.toString('utf8'))
  if (!isJsonObject(parsed)) return undefined
  return { id: String(parsed['id']), address: String(parsed['address']) }
}
