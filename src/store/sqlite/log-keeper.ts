// Appends to the log and keeps it in order: compaction by age and size, and a new data key in time.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { CommitLog } from '../commit-queue.ts'
import type { StoreMetrics } from '../metrics.ts'
import type { DecidedWrite } from '../watch-cache.ts'
import { type KeepLimits, type Mark, planCompaction } from './compaction.ts'
import type { Writer } from './writer.ts'
import type { FreshKey } from './writer-protocol.ts'

export interface LogKeeperOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: StoreMetrics | undefined
  readonly keep: KeepLimits
  readonly floor: number
  readonly recordsPerKey: number
  freshKey(): Promise<FreshKey>
}

/** How exactly the age of revisions is known. */
const markEveryMs = 10_000
/** Compaction is planned after so many revisions, and each minute. */
const planEveryRevisions = 1_000
const planEveryMs = 60_000

export class LogKeeper implements CommitLog {
  readonly #writer: Writer
  readonly #options: LogKeeperOptions
  readonly #closing = new AbortController()
  #marks: Mark[] = []
  #floor: number
  #compacting = false
  #revision = 0
  #plannedAt = 0
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
    this.#revision = group.at(-1)?.entry.revision ?? this.#revision
    this.mark(this.#revision, this.#options.clock.now())
    this.#recordsUnderKey += group.length
    if (this.#recordsUnderKey >= this.#options.recordsPerKey && !this.#rotating) void this.#rotate()
    const every = Math.min(planEveryRevisions, this.#options.keep.revisions)
    if (this.#revision - this.#plannedAt >= every) this.#plan()
  }

  mark(revision: number, at: number): void {
    const last = this.#marks.at(-1)
    if (last === undefined || at - last.at >= markEveryMs) this.#marks.push({ revision, at })
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
  }

  #plan(): void {
    if (this.#compacting) return
    const { clock, keep } = this.#options
    this.#plannedAt = this.#revision
    const target = planCompaction(this.#floor, this.#revision, this.#marks, clock.now(), keep)
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

  /** Records go on under the old key until the new one is there; its nonces are counted, so nothing is at risk meanwhile. */
  async #rotate(): Promise<void> {
    this.#rotating = true
    try {
      const fresh = await this.#options.freshKey()
      if (!this.#closing.signal.aborted) this.#writer.rotate(fresh)
    } catch (err) {
      // Tried again after the next group.
      this.#rotating = false
      this.#options.log.error('store data key not rotated', { err })
    }
  }
}
