// Removes old versions from etcd every five minutes, and keeps what watches need to resume. Of several servers one does it: the one whose turn
// is noted first, as upstream's do.
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { StoreMetrics } from '../metrics.ts'
import { type KeepLimits, type Mark, planCompaction } from '../records/compaction.ts'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import type { RangeResponse, TxnResponse } from './messages.ts'

/** As upstream's API server. */
export const compactEveryMs = 5 * 60_000
/** Versions that watches may need: between one and two rounds of compaction, and at most so many transactions and bytes. */
export const etcdKeep: KeepLimits = { ageMs: compactEveryMs, revisions: 50_000, bytes: 256 * 2 ** 20 }
const markEveryMs = 10_000
/** A flood of writes is compacted earlier. */
const checkEveryMs = 15_000

export interface CompactorOptions {
  readonly client: EtcdClient
  readonly prefix: string
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: StoreMetrics | undefined
  readonly keep: KeepLimits
}

export class Compactor {
  readonly #options: CompactorOptions
  readonly #closing = new AbortController()
  readonly #key: Buffer
  #marks: Mark[] = []
  #floor = 0
  /** Revision in etcd of the note of the last round. */
  #notedAt = 0
  #written = { revision: 0, bytes: 0 }
  #compactedAt: number
  #running: Promise<void> | undefined

  constructor(options: CompactorOptions) {
    this.#options = options
    this.#key = Buffer.from(`${options.prefix}compacted`)
    this.#compactedAt = options.clock.monotonic()
  }

  /** The etcd revision up to which the last round compacted; 0 before the first. */
  async floor(signal?: AbortSignal): Promise<number> {
    const { kvs } = await this.#options.client.persist<RangeResponse>('Range', { key: this.#key }, { timeoutMs: 20_000, signal })
    this.#noted(Number(kvs[0]?.value.toString() ?? 0), kvs[0]?.modRevision ?? 0)
    return this.#floor
  }

  /** A group is at this etcd revision. */
  written(etcdRevision: number, bytes: number): void {
    this.#written = { revision: etcdRevision, bytes: this.#written.bytes + bytes }
    const now = this.#options.clock.now()
    const last = this.#marks.at(-1)
    if (last === undefined || now - last.at >= markEveryMs)
      this.#marks.push({ revision: etcdRevision, at: now, bytes: this.#written.bytes })
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#running
  }

  /** Compacts what is old now. */
  async compact(): Promise<void> {
    const { clock, keep, client, log, metrics } = this.#options
    const target = planCompaction(this.#floor, this.#written, this.#marks, clock.now(), keep)
    if (target === undefined) return
    const key = this.#key
    // Written first: a server that starts meanwhile reads what is still there. Comparing elects the one that compacts.
    const { succeeded, responses, header } = await client.persist<TxnResponse>('Txn', {
      compare: [{ result: 'EQUAL', target: 'MOD', key, modRevision: this.#notedAt }],
      success: [{ requestPut: { key, value: Buffer.from(String(target)) } }],
      failure: [{ requestRange: { key } }],
    })
    if (!succeeded) {
      // Another server was first: the next round is due five minutes after its.
      const kv = responses[0]?.responseRange?.kvs[0]
      this.#noted(Number(kv?.value.toString() ?? 0), kv?.modRevision ?? 0)
      this.#compactedAt = clock.monotonic()
      return
    }
    try {
      await client.persist('Compact', { revision: target }, { timeoutMs: 30_000, signal: this.#closing.signal })
    } catch (err) {
      if (!(err instanceof EtcdError) || err.fault !== 'compacted') throw err
    }
    this.#noted(target, header.revision)
    this.#compactedAt = clock.monotonic()
    metrics?.compactedRevision.set(target)
    log.debug('etcd compacted', { revision: target })
  }

  #noted(floor: number, at: number): void {
    this.#floor = floor
    this.#notedAt = at
    this.#marks = this.#marks.filter(mark => mark.revision > floor)
  }

  async #run(): Promise<void> {
    const { clock, log, keep } = this.#options
    const { signal } = this.#closing
    for (;;) {
      await pause(clock, checkEveryMs, signal)
      if (signal.aborted) return
      const young = this.#marks[0]?.bytes ?? 0
      const isDue = clock.monotonic() - this.#compactedAt >= compactEveryMs || this.#written.bytes - young > keep.bytes
      if (!isDue) continue
      try {
        await this.compact()
      } catch (err) {
        if (!signal.aborted) log.error('cannot compact etcd', { err })
      }
    }
  }
}
