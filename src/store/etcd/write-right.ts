// Which servers write to the store. Each registers under a lease. One that is alone holds a key for itself: while its lease runs nobody else can
// write, so its memory is the newest state. Several share: then nobody holds the key, and reads ask etcd how far the others have written.
import { randomInt } from 'node:crypto'
import { type Clock, pause } from '../../base/clock.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import { rangeEnd } from './key-names.ts'
import type { LeaseGrantResponse, LeaseKeepAliveResponse, RangeResponse, TxnResponse } from './messages.ts'

/** etcd's own minimum is 1.5 election timeouts, 2 s by default. */
const leaseSeconds = 4
const renewEveryMs = 1_000
const renewMs = 1_500
/** Clocks of two machines may differ in rate by so much of the lease. */
const driftShare = 0.05
/** A server that was not alone is sure of it only after this time: another one may be restarting. */
const aloneMs = 10_000

export interface WriterIdentity {
  /** Of the data directory: a restarted server takes the place of its earlier process at once. */
  readonly id: string
  /** Where other servers reach this one. */
  readonly address: string
}

export interface WriteRightOptions {
  readonly client: EtcdClient
  readonly prefix: string
  readonly identity: WriterIdentity
  readonly clock: Clock
  readonly log: Logger
  /** From here on others may write. Called before they can, unless this server could not renew its lease. */
  onShared(): void
  /** Nobody else can write any more: resolves when everything that others wrote is in memory. */
  onAlone(): Promise<void>
}

export interface Comparison {
  readonly result: 'EQUAL'
  readonly target: 'MOD' | 'VERSION'
  readonly key: Buffer
  readonly modRevision?: number
  readonly version?: number
}

export class WriteRight {
  readonly #options: WriteRightOptions
  readonly #closing = new AbortController()
  readonly #writerKey: Buffer
  readonly #serversPrefix: string
  #lease: number | undefined
  /** The revision of the writer's key if this server holds it. */
  #token: number | undefined
  /** Whether memory is the newest state while the lease runs. */
  #isAlone = false
  /** Whether another server was ever seen. */
  #hasShared = false
  #lastOthersAt = Number.NEGATIVE_INFINITY
  /** Monotonic time until which the lease runs for certain. */
  #certainUntil = Number.NEGATIVE_INFINITY
  #renewing: Promise<void> | undefined
  #looking: Promise<void> | undefined

  constructor(options: WriteRightOptions) {
    this.#options = options
    this.#writerKey = Buffer.from(`${options.prefix}writer`)
    this.#serversPrefix = `${options.prefix}servers/`
  }

  /** Whether etcd has renewed this server's lease lately. */
  get isCertain(): boolean {
    return this.#options.clock.monotonic() < this.#certainUntil
  }

  /** Whether no other server can have written. */
  get isAlone(): boolean {
    return this.#isAlone && this.isCertain
  }

  /** Whether this server writes for itself, even if it could not renew its lease lately. */
  get wasAlone(): boolean {
    return this.#isAlone
  }

  /** Whether another server was seen since the start. */
  get hasShared(): boolean {
    return this.#hasShared
  }

  /** What each write compares: without it, a server that was paused could write past one that is alone now. */
  get comparison(): Comparison {
    const key = this.#writerKey
    return this.#token === undefined
      ? { result: 'EQUAL', target: 'VERSION', key, version: 0 }
      : { result: 'EQUAL', target: 'MOD', key, modRevision: this.#token }
  }

  /** Registers this server, and takes the key if it is alone. Rejects with EtcdError. */
  async join(signal?: AbortSignal): Promise<void> {
    await this.#register(signal)
    const others = await this.others(signal)
    if (others.length > 0) this.#sawOthers()
    else await this.#takeAlone(signal)
    this.#renewing = this.#renewRegularly()
  }

  /** The other servers that live. */
  async others(signal?: AbortSignal): Promise<WriterIdentity[]> {
    const { client, identity } = this.#options
    const range = { key: Buffer.from(this.#serversPrefix), rangeEnd: rangeEnd(this.#serversPrefix) }
    const { kvs } = await client.call<RangeResponse>('Range', range, { signal })
    return kvs.flatMap(({ value }) => parseIdentity(value) ?? []).filter(({ id }) => id !== identity.id)
  }

  /** After a write that etcd refused because of `comparison`: finds out who may write now. */
  async refresh(): Promise<void> {
    try {
      await this.#look()
    } catch (err) {
      if (!(err instanceof EtcdError)) throw err
      this.#options.log.debug('cannot see who may write to etcd', { err })
    }
  }

  /** Leaves, so that another server need not wait for the end of the lease. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#renewing
    const lease = this.#lease
    this.#isAlone = false
    this.#certainUntil = Number.NEGATIVE_INFINITY
    if (lease === undefined) return
    try {
      await this.#options.client.call('LeaseRevoke', { ID: lease }, { timeoutMs: renewMs })
    } catch (err) {
      this.#options.log.info('the right to write ends with its lease', { err })
    }
  }

  async #register(signal?: AbortSignal): Promise<void> {
    const { client, identity, clock } = this.#options
    const begun = clock.monotonic()
    const lease = randomInt(1, 2 ** 47)
    const { TTL } = await client.call<LeaseGrantResponse>('LeaseGrant', { ID: lease, TTL: leaseSeconds }, { signal })
    const key = Buffer.from(`${this.#serversPrefix}${identity.id}`)
    const value = Buffer.from(writeJson(identity))
    await client.call<TxnResponse>('Txn', { success: [{ requestPut: { key, value, lease } }] }, { signal })
    this.#lease = lease
    this.#certainUntil = begun + TTL * 1000 * (1 - driftShare)
  }

  /** Takes the key unless another server has it. */
  async #takeAlone(signal?: AbortSignal): Promise<void> {
    const { client, identity, log } = this.#options
    const key = this.#writerKey
    const held = (await client.call<RangeResponse>('Range', { key }, { signal })).kvs[0]
    if (held !== undefined && parseIdentity(held.value)?.id !== identity.id) return this.#sawOthers()
    const { succeeded, header } = await client.call<TxnResponse>(
      'Txn',
      {
        compare: [{ result: 'EQUAL', target: 'MOD', key, modRevision: held?.modRevision ?? 0 }],
        success: [{ requestPut: { key, value: Buffer.from(writeJson(identity)), lease: this.#lease } }],
      },
      { signal },
    )
    if (!succeeded) return this.#sawOthers()
    this.#token = header.revision
    await this.#options.onAlone()
    this.#isAlone = true
    log.debug('no other server writes to etcd', {})
  }

  #sawOthers(): void {
    this.#hasShared = true
    this.#lastOthersAt = this.#options.clock.monotonic()
  }

  async #renewRegularly(): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#closing
    for (; !signal.aborted; await pause(clock, renewEveryMs, signal)) {
      try {
        await this.#renew()
        await this.#look()
      } catch (err) {
        if (!signal.aborted) log.error('cannot renew the right to write in etcd', { err })
      }
    }
  }

  async #renew(): Promise<void> {
    const { client, clock } = this.#options
    const lease = this.#lease
    const begun = clock.monotonic()
    using stream = client.open<{ ID: number }, LeaseKeepAliveResponse>('LeaseKeepAlive')
    const limit = AbortSignal.timeout(renewMs)
    limit.addEventListener('abort', () => stream[Symbol.dispose](), { once: true })
    stream.send({ ID: lease ?? 0 })
    for await (const { TTL } of stream) {
      if (TTL > 0) this.#certainUntil = begun + TTL * 1000 * (1 - driftShare)
      else await this.#lapsed()
      return
    }
  }

  /** The lease has ended: others may have written since. */
  async #lapsed(): Promise<void> {
    this.#certainUntil = Number.NEGATIVE_INFINITY
    this.#beginToShare()
    this.#token = undefined
    await this.#register(this.#closing.signal)
  }

  /** One at a time: two would take the key from each other. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookOnce(): Promise<void> {
    const { client, clock, log } = this.#options
    const { signal } = this.#closing
    const others = await this.others(signal)
    if (others.length > 0) {
      this.#sawOthers()
      if (this.#token === undefined) return
      log.info('another server writes to etcd too', { server: others[0]?.address })
      this.#beginToShare()
      const release = { compare: [this.comparison], success: [{ requestDeleteRange: { key: this.#writerKey } }] }
      await client.call('Txn', release, { signal })
      this.#token = undefined
      return
    }
    if (this.#token !== undefined) {
      const held = (await client.call<RangeResponse>('Range', { key: this.#writerKey, keysOnly: true }, { signal })).kvs[0]
      if (held?.modRevision === this.#token) return
      // Its lease was ended by somebody.
      await this.#lapsed()
    }
    if (!this.#hasShared || clock.monotonic() - this.#lastOthersAt >= aloneMs) await this.#takeAlone(signal)
  }

  #beginToShare(): void {
    if (!this.#isAlone) return
    this.#isAlone = false
    this.#options.onShared()
  }
}

export function parseIdentity(value: Buffer): WriterIdentity | undefined {
  const parsed = parseJson(value.toString('utf8'))
  if (!isJsonObject(parsed)) return undefined
  return { id: String(parsed['id']), address: String(parsed['address']) }
}
