// One watch: its selection, the events that wait for its reader, and its end.
import type { StoredEntry } from './entry.ts'
import type { VersionEvent } from './event.ts'
import type { WaitingBytes } from './pending-bytes.ts'
import type { EventType, Watch, Watched, WatchQuery } from './store.ts'

/** Upstream queues 10 to 1,000 events per watcher; bytes reflect the cost of a slow reader better. */
const defaultMaxPendingBytes = 8 * 2 ** 20

/** Bytes of objects that are handed over at once, unless one is larger. */
const handOverBytes = 256 * 1024

interface Pending extends Watched {
  readonly event: VersionEvent
}

/** What a watcher needs from its cache. */
export interface WatcherOwner {
  /** The newest revision whose events were offered to every watcher. */
  readonly publishedRevision: number
  readonly waiting: WaitingBytes
  closed(watcher: Watcher): void
  listenerFailed(err: unknown): void
}

export class Watcher implements Watch {
  readonly query: WatchQuery
  readonly #maxPendingBytes: number
  readonly #owner: WatcherOwner
  #pending: Pending[] = []
  /** Bytes offered since the reader was last up to date, and of the replay. */
  #pendingBytes = 0
  #replayBytes = 0
  /** What was handed over last, until the reader has taken it. */
  #handedOver: readonly Pending[] = []
  #listener: ((events: readonly Watched[]) => void) | undefined
  #endListener: ((reason: string) => void) | undefined
  #endReason: string | undefined
  #paused = false
  /** False until the microtask after `onEvents`, so that the caller of `watch` finishes its set-up before the first event. */
  #started = false
  #closed = false
  /** Events up to this revision were considered: an event of the replay is not offered again. */
  #seen: number

  constructor(query: WatchQuery, owner: WatcherOwner) {
    this.query = query
    this.#maxPendingBytes = query.maxPendingBytes ?? defaultMaxPendingBytes
    this.#seen = query.after
    this.#owner = owner
  }

  get revision(): number | undefined {
    const next = this.#pending[0]
    if (next !== undefined) return next.event.entry.revision - 1
    const { publishedRevision } = this.#owner
    return this.query.after > publishedRevision ? undefined : publishedRevision
  }

  onEvents(listener: (events: readonly Watched[]) => void): void {
    this.#listener = listener
    queueMicrotask(() => {
      this.#started = true
      this.flush()
    })
  }

  onEnd(listener: (reason: string) => void): void {
    this.#endListener = listener
    const reason = this.#endReason
    if (reason !== undefined) queueMicrotask(() => listener(reason))
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#release(this.#handedOver)
    this.#handedOver = []
    if (this.#started) this.flush()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#release(this.#pending)
    this.#release(this.#handedOver)
    this.#pending = []
    this.#handedOver = []
    this.#owner.waiting.caughtUp(this)
    this.#owner.closed(this)
  }

  /** Ends the watch from the store's side. Waiting events are dropped: the reader resumes after the last event that it has seen. */
  end(reason: string): void {
    if (this.#closed) return
    this.close()
    this.#endReason = reason
    this.#endListener?.(reason)
  }

  /** The events to start with, already in the window; they do not count for the limits, because the reader requested them. */
  replay(events: readonly VersionEvent[]): void {
    for (const event of events) {
      const watched = this.#view(event)
      if (watched === undefined) continue
      this.#push(watched)
      this.#replayBytes += event.entry.byteLength
    }
  }

  /** Adds an event if the watch sees it. Returns whether `flush` has something to do. */
  offer(event: VersionEvent): boolean {
    if (this.#closed) return false
    let watched: Pending | undefined
    try {
      watched = this.#view(event)
    } catch (err) {
      this.#fail(err, 'the selection failed')
    }
    if (watched === undefined) return false
    this.#push(watched)
    this.#pendingBytes += event.entry.byteLength
    return true
  }

  /** Delivers waiting events, a limited number of bytes at a time, or ends the watch if too much waits for a paused reader. */
  flush(): void {
    while (!this.#closed && this.#pending.length > 0) {
      if (this.#paused || !this.#started || this.#listener === undefined) {
        this.#wait()
        return
      }
      const events = this.#takeSome()
      try {
        this.#listener(events)
      } catch (err) {
        this.#fail(err, 'the listener failed')
      }
      if (this.#paused && !this.#closed) this.#handedOver = this.#handedOver.concat(events)
      else this.#release(events)
    }
    if (!this.#paused) this.#owner.waiting.caughtUp(this)
    else if (!this.#closed) this.#wait()
  }

  #push(watched: Pending): void {
    this.#pending.push(watched)
    this.#owner.waiting.hold(watched.event)
  }

  #release(events: readonly Pending[]): void {
    for (const { event } of events) this.#owner.waiting.release(event)
  }

  /** An index within the server has no limit, and is never behind for more than a turn. */
  #wait(): void {
    if (this.#maxPendingBytes === Number.POSITIVE_INFINITY) return
    if (this.#pendingBytes > this.#maxPendingBytes)
      this.end(`too slow: ${this.#pending.length} events wait, more than ${this.#maxPendingBytes} bytes`)
    else this.#owner.waiting.wait(this)
  }

  /** Normally all. The connection holds what is handed over until it is read, so a slow reader pauses before the next piece. */
  #takeSome(): readonly Pending[] {
    let bytes = 0
    let count = 0
    for (const { event } of this.#pending) {
      count++
      bytes += event.entry.byteLength
      if (bytes >= handOverBytes) break
    }
    const isAll = count === this.#pending.length
    const events = isAll ? this.#pending : this.#pending.slice(0, count)
    this.#pending = isAll ? [] : this.#pending.slice(count)
    // The replay comes first.
    const replayed = Math.min(this.#replayBytes, bytes)
    this.#replayBytes -= replayed
    this.#pendingBytes -= bytes - replayed
    return events
  }

  /** A reader that throws has lost events; the others must not lose theirs. */
  #fail(err: unknown, reason: string): void {
    this.#owner.listenerFailed(err)
    this.end(reason)
  }

  #view(event: VersionEvent): Pending | undefined {
    const { entry, previous } = event
    if (entry.revision <= this.#seen) return undefined
    this.#seen = entry.revision
    const { namespace, name, selection } = this.query
    if (namespace !== undefined && entry.namespace !== namespace) return undefined
    if (name !== undefined && entry.name !== name) return undefined
    if (selection === undefined) return { type: event.type, event }
    const now = event.type !== 'DELETED' && selection.matches(entry)
    const before = previous !== undefined && selection.matches(previous)
    const type = seenAs(before, now)
    return type === undefined ? undefined : { type, event }
  }
}

/** The event type for a watch, by whether its selection matched before and matches now; undefined if neither. */
export function seenAs(before: boolean, now: boolean): EventType | undefined {
  if (now) return before ? 'MODIFIED' : 'ADDED'
  return before ? 'DELETED' : undefined
}

/** What decides which watchers an event may concern: the new and the previous version. */
export interface Versions {
  readonly entry: StoredEntry
  readonly previous: StoredEntry | undefined
}
