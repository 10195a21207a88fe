// Orders decided writes, makes them durable in groups, and publishes each group at once.

import { randomBytes } from 'node:crypto'
import { StallWatch } from '../base/async/stall-watch.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { AwaitedRevisions } from './awaited-revisions.ts'
import { type CommitLog, Overtaken } from './commit-log.ts'
import { VersionEvent } from './event.ts'
import { defaultWindow, type WindowLimits } from './event-window.ts'
import { firstGroup } from './first-group.ts'
import type { FollowedChange } from './followed-change.ts'
import type { LargeObjects } from './large/large-objects.ts'
import type { StoreMetrics } from './metrics.ts'
import { keyOf } from './ordered-slots.ts'
import { WaitingBytes } from './pending-bytes.ts'
import type { Collection, CollectionOptions, Entry, Store, StoreStatus, WriteRequest } from './store.ts'
import { WriteFailed } from './store.ts'
import { StoredBytes } from './stored-bytes.ts'
import { type CacheOwner, type DecidedWrite, WatchCache } from './watch-cache.ts'
import { WindowBudget } from './window-budget.ts'
import { WithdrawnVersions } from './withdrawn-versions.ts'

export interface CommitQueueOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: StoreMetrics
  readonly window?: Partial<WindowLimits>
  /** What does not answer when a commit hangs, for the log. Default: store. */
  readonly subject?: string
  /** Undefined for a store in memory: a write is visible in the next microtask. */
  readonly commitLog?: CommitLog
  /** The newest revision, and the oldest from which events are known. */
  readonly revision?: number
  readonly oldestRevision?: number
  /** See `Store.maxStoredBytes`. Default: no limit. */
  readonly maxStoredBytes?: number
  /** Limit of bytes of the event history of all collections, and of events that wait for readers of all watches. Default: 64 MiB each. */
  readonly pastBytes?: number
  readonly waitingBytes?: number
  /** Moves large objects out of memory. */
  readonly large?: LargeObjects
  /** See `Store.secretFor`. Default: random, for the only server. */
  secretFor?(purpose: string): Buffer
}

interface Waiting {
  /** Decided again when another server wrote first. */
  write: DecidedWrite
  readonly request: WriteRequest
  resolve(entry: Entry): void
  reject(err: unknown): void
}

/** Leases are written more often than this, so that a disk that stays full is told of all the time. */
const fullMs = 5000

export class CommitQueue implements Store, CacheOwner {
  readonly #options: CommitQueueOptions
  readonly #caches = new Map<string, WatchCache>()
  readonly #failureListeners: ((err: Error) => void)[] = []
  #oldestRevision: number
  readonly contents = new StoredBytes()
  readonly maxStoredBytes: number
  readonly large: LargeObjects | undefined
  readonly past: WindowBudget
  readonly waiting: WaitingBytes
  readonly #stalls: StallWatch
  /** The newest visible revision, and the newest decided one; they differ only during a commit. */
  #revision: number
  #decided: number
  #published: number
  #queue: Waiting[] = []
  #committing = false
  #scheduled = false
  #settled: (() => void)[] = []
  readonly #awaited: AwaitedRevisions
  readonly #withdrawn = new WithdrawnVersions()
  #refusal: WriteFailed | undefined
  hasFollowed = false
  #isFilling = false
  /** Monotonic time of the last write that did not fit. */
  #fullAt = Number.NEGATIVE_INFINITY

  constructor(options: CommitQueueOptions) {
    this.#options = options
    this.#revision = options.revision ?? 1
    this.#decided = this.#revision
    this.#published = this.#revision
    this.#oldestRevision = options.oldestRevision ?? this.#revision
    this.maxStoredBytes = options.maxStoredBytes ?? Number.POSITIVE_INFINITY
    this.large = options.large
    this.past = new WindowBudget(options.pastBytes)
    this.waiting = new WaitingBytes(options.waitingBytes)
    this.#awaited = new AwaitedRevisions(options.clock)
    options.metrics?.observeContents(this)
    this.#stalls = new StallWatch({ clock: options.clock, log: options.log, subject: options.subject ?? 'store' })
  }

  get revision() {
    return this.#revision
  }
  get publishedRevision() {
    return this.#published
  }
  get nextRevision(): number {
    return this.#decided + 1
  }

  get refusal(): WriteFailed | undefined {
    return this.#refusal ?? this.#options.commitLog?.refusal
  }

  get stalled(): boolean {
    return this.#stalls.stalled || this.#options.commitLog?.isUncertain === true
  }

  get isShared() {
    return this.#options.commitLog?.followsOthers === true
  }
  get backing(): string {
    return this.#options.subject ?? 'the disk under the store'
  }

  get advice() {
    return this.#options.commitLog?.advice
  }
  get full(): boolean {
    return this.#options.clock.monotonic() - this.#fullAt < fullMs
  }

  collection(options: CollectionOptions): Collection {
    const cache = this.cache(options.groupResource)
    cache.configure(options)
    return cache
  }

  collections(): Collection[] {
    return [...this.#caches.values()]
  }
  /** The cache of a resource, declared or not: records are loaded before the server declares its resources. */
  cache(groupResource: string): WatchCache {
    let cache = this.#caches.get(groupResource)
    if (cache === undefined) {
      cache = new WatchCache(groupResource, this, this.#oldestRevision, { ...defaultWindow, ...this.#options.window })
      this.#caches.set(groupResource, cache)
    }
    return cache
  }

  /** Ends loading: the caches hold everything up to `revision`. */
  loaded(revision: number): void {
    this.#revision = revision
    this.#decided = revision
    this.#published = revision
    this.large?.loaded()
  }

  /** Continues at a much higher revision: nobody resumes from one before. */
  raise(revision: number): void {
    this.loaded(revision)
    this.#oldestRevision = revision
    for (const cache of this.#caches.values()) cache.forgetPast()
    this.#decideAgain()
    this.#awaited.reached(revision)
  }

  commit(write: DecidedWrite, request: WriteRequest): Promise<Entry> {
    this.#decided = write.entry.revision
    const done = new Promise<Entry>((resolve, reject) => this.#queue.push({ write, request, resolve, reject }))
    this.#schedule()
    return done
  }

  current(entry: Entry | undefined): Entry | undefined {
    return this.#withdrawn.current(entry)
  }

  fresh(signal?: AbortSignal): Promise<void> | undefined {
    return this.#options.commitLog?.fresh?.(signal)
  }

  secretFor(purpose: string): Buffer {
    return this.#options.secretFor?.(purpose) ?? randomBytes(32)
  }

  reached(revision: number, maxMs: number, signal?: AbortSignal): Promise<void> | undefined {
    if (revision <= this.#revision || !this.isShared) return undefined
    return this.#awaited.until(revision, maxMs, signal)
  }

  /** Shows changes of another server, in order, and decides the writes that wait again. No group is in flight. */
  follow(changes: readonly FollowedChange[]): void {
    this.hasFollowed = true
    const byCache = new Map<WatchCache, VersionEvent[]>()
    for (const change of changes) {
      const { groupResource, namespace, name } = change.header
      const cache = this.cache(groupResource)
      const event = cache.follow(keyOf(namespace, name), change)
      this.#revision = change.revision
      this.#decided = change.revision
      const events = byCache.get(cache)
      if (events === undefined) byCache.set(cache, [event])
      else events.push(event)
    }
    for (const [cache, events] of byCache) cache.publish(events)
    this.#published = this.#revision
    this.#decideAgain()
    this.#awaited.reached(this.#revision)
    this.#wakeSettled()
  }

  listenerFailed(err: unknown): void {
    this.#options.log.error('watch listener failed', { err })
  }

  settled(): Promise<void> {
    if (this.#revision === this.#decided) return Promise.resolve()
    const target = this.#decided
    return new Promise(resolve => {
      this.#settled.push(() => {
        // A failed group returns its revisions, so the target may never come: then there is nothing to wait for.
        if (this.#revision >= target || this.#revision === this.#decided) resolve()
        else void this.settled().then(resolve)
      })
    })
  }

  status(): StoreStatus {
    let objects = 0
    let oldestRevision = this.#revision
    for (const cache of this.#caches.values()) {
      objects += cache.size
      oldestRevision = Math.min(oldestRevision, cache.oldestRevision)
    }
    return { revision: this.#revision, oldestRevision, objects, bytes: this.#options.commitLog?.bytes ?? 0 }
  }

  onFailure(listener: (err: Error) => void): void {
    this.#failureListeners.push(listener)
    if (this.#refusal !== undefined) listener(this.#refusal)
  }

  /** Stops accepting writes permanently. */
  fail(err: WriteFailed): void {
    if (this.#refusal !== undefined) return
    this.#refusal = err
    this.#options.metrics?.failed.set(1)
    this.#options.log.error('store accepts no more writes', { err })
    this.#abandon(err)
    for (const listener of this.#failureListeners) listener(err)
  }

  /** Decided writes are finished first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#refusal ??= new WriteFailed('The store is closed', { retriable: false })
    await this.settled()
    this.#stalls[Symbol.dispose]()
    for (const cache of this.#caches.values()) cache.endWatches('the store closed')
    await this.#options.commitLog?.close()
    await this.large?.close()
  }

  /** Runs at the end of this turn of the event loop: all writes of the turn share a sync, and a single write does not wait. */
  #schedule(): void {
    if (this.#committing || this.#scheduled) return
    this.#scheduled = true
    const commit = () => {
      this.#scheduled = false
      void this.#commitWaiting()
    }
    if (this.#options.commitLog === undefined) queueMicrotask(commit)
    else setImmediate(commit)
  }

  async #commitWaiting(): Promise<void> {
    const { commitLog, metrics } = this.#options
    if (this.#committing || this.#queue.length === 0) return
    this.#committing = true
    while (this.#queue.length > 0) {
      const held = commitLog?.hold?.()
      if (held !== undefined) await held
      // What was shown meanwhile may have refused the last of them.
      const group = this.#queue.length > 0 ? this.#nextGroup() : []
      const began = performance.now()
      let overtaken: Overtaken | undefined
      try {
        if (commitLog !== undefined && group.length > 0) await this.#append(commitLog, group)
        this.#show(group)
        metrics?.observeGroup(group.length, (performance.now() - began) / 1000)
      } catch (err) {
        if (err instanceof Overtaken) overtaken = err
        else this.#groupFailed(group, err)
      }
      if (overtaken !== undefined) this.#queue = [...group, ...this.#queue]
      commitLog?.release?.()
      await overtaken?.caughtUp().catch(err => this.#groupFailed([], err))
    }
    this.#committing = false
  }

  /** Decides each waiting write on the state after another server's: it gets another revision, or is refused. */
  #decideAgain(): void {
    if (this.#queue.length === 0) return
    const waiting = this.#queue
    this.#queue = []
    for (const cache of this.#caches.values()) cache.abandonPending()
    this.contents.abandon()
    this.#decided = this.#revision
    for (const one of waiting) {
      const { entry, cache } = one.write
      try {
        const write = cache.decideAgain(one.request)
        this.#withdrawn.replace(entry, write.entry)
        this.#decided = write.entry.revision
        this.#queue.push(Object.assign(one, { write }))
      } catch (err) {
        this.#withdrawn.replace(entry, undefined)
        one.reject(err)
      }
    }
  }

  #nextGroup(): Waiting[] {
    const queue = this.#queue
    const some = firstGroup(queue, ({ write }) => write.entry.byteLength)
    const end = this.#options.commitLog?.take?.(some.map(({ write }) => write)) ?? some.length
    this.#queue = end === queue.length ? [] : queue.slice(end)
    return end === queue.length ? queue : queue.slice(0, end)
  }

  async #append(commitLog: CommitLog, group: readonly Waiting[]): Promise<void> {
    this.#stalls.begin()
    try {
      await commitLog.append(group.map(waiting => waiting.write))
    } finally {
      this.#stalls.end()
    }
  }

  #show(group: readonly Waiting[]): void {
    const now = this.#options.clock.now()
    const byCache = new Map<WatchCache, VersionEvent[]>()
    for (const { write } of group) {
      write.entry.remember(write.object)
      const event = new VersionEvent(write.type, write.entry, write.previous, now, write.frame)
      write.cache.apply(write.key, event)
      this.#revision = write.entry.revision
      const events = byCache.get(write.cache)
      if (events === undefined) byCache.set(write.cache, [event])
      else events.push(event)
    }
    for (const [cache, events] of byCache) cache.publish(events)
    this.#published = this.#revision
    this.#reportFilling()
    for (const { write, resolve } of group) resolve(write.entry)
    this.#awaited.reached(this.#revision)
    this.#wakeSettled()
  }

  /** Logged once, before anything is refused, until there is space again. */
  #reportFilling(): void {
    const { contents, maxStoredBytes } = this
    if (contents.total > maxStoredBytes * 0.9) {
      if (!this.#isFilling) this.#options.log.error('the store is nearly full: delete objects', { bytes: contents.total, maxStoredBytes })
      this.#isFilling = true
    } else if (contents.total < maxStoredBytes * 0.8) this.#isFilling = false
  }

  #groupFailed(group: readonly Waiting[], err: unknown): void {
    const failure = err instanceof WriteFailed ? err : new WriteFailed('The write could not be stored', { retriable: false, cause: err })
    for (const { write, reject } of group) {
      this.#withdrawn.replace(write.entry, undefined)
      reject(failure)
    }
    this.#abandon(failure)
    if (failure.retriable) this.#fullAt = this.#options.clock.monotonic()
    else this.fail(failure)
  }

  /** Waiting writes were decided on versions that now do not exist, so they fail with the group before them. */
  #abandon(err: WriteFailed): void {
    const waiting = this.#queue
    this.#queue = []
    for (const { write, reject } of waiting) {
      this.#withdrawn.replace(write.entry, undefined)
      reject(err)
    }
    for (const cache of this.#caches.values()) cache.abandonPending()
    this.contents.abandon()
    this.#decided = this.#revision
    this.#wakeSettled()
  }

  #wakeSettled(): void {
    const settled = this.#settled
    this.#settled = []
    for (const wake of settled) wake()
  }
}
