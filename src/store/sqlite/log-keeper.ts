// Appends to the log and maintains it: compaction by age and size, and new data keys in time.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { CommitLog } from '../commit-log.ts'
import type { StoreMetrics } from '../metrics.ts'
import { type KeepLimits, type Mark, planCompaction, type Written } from '../records/compaction.ts'
import type { HeadKeeper } from '../records/head-keeper.ts'
import type { DecidedWrite } from '../watch-cache.ts'
import type { Writer } from './writer.ts'
import type { FreshKey } from './writer-protocol.ts'

export interface LogKeeperOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: StoreMetrics | undefined
  readonly keep: KeepLimits
  readonly floor: number
  readonly recordsPerKey: number
  readonly headKeeper: HeadKeeper | undefined
  freshKey(): Promise<FreshKey>
}

/** Precision of the age of revisions, and of the bytes written since. */
const markEveryMs = 10_000
const marksInBytes = 32
/** Compaction is planned after this many revisions, after a fraction of the kept bytes, and every minute. */
const planEveryRevisions = 1_000
const plansInBytes = 8
const planEveryMs = 60_000

export class LogKeeper implements CommitLog {
  readonly #writer: Writer
  readonly #options: LogKeeperOptions
  readonly #closing = new AbortController()
  #marks: Mark[] = []
  #floor: number
  #compacting = false
  #revision = 0
  /** Bytes of objects since the floor at the start. */
  #bytes = 0
  #planned: Written = { revision: 0, bytes: 0 }
  #recordsUnderKey = 0
  #rotating = false

  constructor(writer: Writer, options: LogKeeperOptions) {
    this.#writer = writer
    this.#options = options
    this.#floor = options.floor
  }

  get bytes(): number {
    return this.#writer.bytes
  }

  start(revision: number): void {
    this.#revision = revision
    this.#plan()
    void this.#planRegularly()
  }

  async append(group: readonly DecidedWrite[]): Promise<void> {
    await this.#writer.append(group)
    const now = this.#options.clock.now()
    for (const { entry } of group) this.mark(entry.revision, now, entry.byteLength)
    this.#revision = group.at(-1)?.entry.revision ?? this.#revision
    this.#recordsUnderKey += group.length
    if (this.#recordsUnderKey >= this.#options.recordsPerKey && !this.#rotating) void this.#rotate()
    const { keep } = this.#options
    const { revision, bytes } = this.#planned
    const isDue =
      this.#revision - revision >= Math.min(planEveryRevisions, keep.revisions) || this.#bytes - bytes >= keep.bytes / plansInBytes
    if (isDue) this.#plan()
  }

  /** A revision of this many bytes was written, or found while the log was loaded. */
  mark(revision: number, at: number, bytes: number): void {
    this.#bytes += bytes
    const last = this.#marks.at(-1)
    const isDue = last === undefined || at - last.at >= markEveryMs || this.#bytes - last.bytes >= this.#options.keep.bytes / marksInBytes
    if (isDue) this.#marks.push({ revision, at, bytes: this.#bytes })
  }

  compacted(floor: number): void {
    this.#compacting = false
    this.#floor = floor
    this.#marks = this.#marks.filter(mark => mark.revision > floor)
    this.#options.metrics?.compactedRevision.set(floor)
    this.#options.log.debug('store compacted', { revision: floor })
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#writer.close()
    await this.#options.headKeeper?.close()
  }

  #plan(): void {
    if (this.#compacting) return
    const { clock, keep } = this.#options
    this.#planned = { revision: this.#revision, bytes: this.#bytes }
    const target = planCompaction(this.#floor, this.#planned, this.#marks, clock.now(), keep)
    if (target === undefined) return
    this.#compacting = true
    this.#writer.compact(target)
  }

  async #planRegularly(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await this.#options.clock.sleep(planEveryMs, signal)
      } catch (err) {
        if (signal.aborted) return
        throw err
      }
      this.#plan()
    }
  }

  rotated(done: boolean): void {
    this.#rotating = false
    if (!done) return
    this.#recordsUnderKey = 0
    this.#options.log.info('store data key rotated', { revision: this.#revision })
  }

  /** Records use the old key until the new one exists; its nonces are counted, so this is safe. */
  async #rotate(): Promise<void> {
    this.#rotating = true
    try {
      const fresh = await this.#options.freshKey()
      if (!this.#closing.signal.aborted) this.#writer.rotate(fresh)
    } catch (err) {
      // Retried after the next group.
      this.#rotating = false
      this.#options.log.error('cannot rotate the data key of the store', { err })
    }
  }
}
