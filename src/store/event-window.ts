// Recent events of one collection, from which watches resume and older states are derived.
import type { StoredEntry } from './entry.ts'
import type { VersionEvent } from './event.ts'
import { keyOf } from './ordered-slots.ts'
import { RevisionCompacted } from './store.ts'
import { WindowBudget } from './window-budget.ts'

export interface WindowLimits {
  readonly events: number
  /** Bytes of the objects in the window. */
  readonly bytes: number
  readonly ageMs: number
}

/** Upstream compacts etcd after five minutes and keeps up to 100,000 events per resource; 15 minutes let a paused client resume. */
export const defaultWindow: WindowLimits = { events: 10_000, bytes: 16 * 2 ** 20, ageMs: 15 * 60_000 }

export class EventWindow {
  readonly #limits: WindowLimits
  /** Events in revision order; those before `#head` are dropped, and never more than the rest. */
  #events: VersionEvent[] = []
  #head = 0
  #bytes = 0
  /** Every event above this revision is in the window. */
  #start: number

  readonly #budget: WindowBudget

  constructor(start: number, limits: WindowLimits, budget = new WindowBudget()) {
    this.#start = start
    this.#limits = limits
    this.#budget = budget
    budget.add(this)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The oldest revision from which a watch can resume and at which a list is possible. */
  get start(): number {
    return this.#start
  }

  push(event: VersionEvent): void {
    this.#events.push(event)
    const before = this.#bytes
    this.#bytes += event.entry.byteLength
    const { events, bytes, ageMs } = this.#limits
    // The newest event stays even if it alone exceeds the limit, or no watch could resume at all.
    while (this.#events.length - this.#head > 1) {
      const oldest = this.#events[this.#head]
      if (oldest === undefined) break
      if (this.#events.length - this.#head <= events && this.#bytes <= bytes && event.at - oldest.at <= ageMs) break
      this.#drop(oldest)
    }
    this.#compact()
    this.#budget.changed(this.#bytes - before)
  }

  /** Drops the oldest events of at least this many bytes, but not the newest event. */
  shorten(bytes: number): void {
    const before = this.#bytes
    while (before - this.#bytes < bytes && this.#events.length - this.#head > 1) {
      const oldest = this.#events[this.#head]
      if (oldest === undefined) break
      this.#drop(oldest)
    }
    this.#compact()
    this.#budget.changed(this.#bytes - before)
  }

  #drop(oldest: VersionEvent): void {
    this.#start = oldest.revision
    this.#bytes -= oldest.entry.byteLength
    this.#head++
  }

  #compact(): void {
    // Even for a few: a dozen large objects fill the window, and dropped references would still hold them.
    if (this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
  }

  /** Drops everything; `revision` is at least that of the newest event. */
  clear(revision: number): void {
    this.#events = []
    this.#head = 0
    this.#budget.changed(-this.#bytes)
    this.#bytes = 0
    this.#start = revision
  }

  /** Events above `revision`, oldest first. Throws `RevisionCompacted` if some of them were dropped. */
  after(revision: number): readonly VersionEvent[] {
    if (revision < this.#start) throw new RevisionCompacted(revision, this.#start)
    let low = this.#head
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return this.#events.slice(low)
  }

  /** Differences from the newest state at `revision`: the entry of that time by key, undefined if the object did not exist. */
  changesSince(revision: number): ReadonlyMap<string, StoredEntry | undefined> {
    const then = new Map<string, StoredEntry | undefined>()
    for (const { entry, previous } of this.after(revision)) {
      const key = keyOf(entry.namespace, entry.name)
      if (!then.has(key)) then.set(key, previous)
    }
    return then
  }
}
