// One watch: what it selects, what waits for its reader, and how it ends.
import type { StoredEntry } from './entry.ts'
import type { VersionEvent } from './event.ts'
import type { EventType, Watch, Watched, WatchQuery } from './store.ts'

/** Upstream gives a watcher 10 to 1,000 events; bytes say better what a slow reader costs. */
const defaultMaxPendingBytes = 8 * 2 ** 20

/** What a watcher asks of its cache. */
export interface WatcherOwner {
  /** The newest revision whose events were offered to every watcher. */
  readonly publishedRevision: number
  closed(watcher: Watcher): void
  listenerFailed(err: unknown): void
}

export class Watcher implements Watch {
  readonly query: WatchQuery
  readonly #maxPendingBytes: number
  readonly #owner: WatcherOwner
  #pending: Watched[] = []
  #pendingBytes = 0
  #listener: ((events: readonly Watched[]) => void) | undefined
  #endListener: ((reason: string) => void) | undefined
  #endReason: string | undefined
  #paused = false
  /** False until the microtask behind `onEvents`: the caller of `watch` finishes its set-up before the first event. */
  #started = false
  #closed = false
  /** Events up to this revision were considered: one that replay has seen is not offered again. */
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
    if (this.#started) this.flush()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#pending = []
    this.#owner.closed(this)
  }

  /** Ends the watch from the store's side. What waits is dropped: the reader resumes from the last event that it has seen. */
  end(reason: string): void {
    if (this.#closed) return
    this.close()
    this.#endReason = reason
    this.#endListener?.(reason)
  }

  /** The events to start with, already in the window; they count for no limit, since the reader asked for them. */
  replay(events: readonly VersionEvent[]): void {
    for (const event of events) {
      const watched = this.#view(event)
      if (watched !== undefined) this.#pending.push(watched)
    }
  }

  /** Adds an event if the watch sees it. Returns whether `flush` has something to do. */
  offer(event: VersionEvent): boolean {
    if (this.#closed) return false
    let watched: Watched | undefined
    try {
      watched = this.#view(event)
    } catch (err) {
      this.#fail(err, 'the selection failed')
    }
    if (watched === undefined) return false
    this.#pending.push(watched)
    this.#pendingBytes += event.entry.bytes.length
    return true
  }

  /** Hands over what waits, or ends the watch where too much waits for a paused reader. */
  flush(): void {
    if (this.#closed) return
    if (this.#paused || !this.#started || this.#listener === undefined) {
      if (this.#pendingBytes > this.#maxPendingBytes) {
        this.end(`too slow: ${this.#pending.length} events wait, more than ${this.#maxPendingBytes} bytes`)
      }
      return
    }
    if (this.#pending.length === 0) return
    const events = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    try {
      this.#listener(events)
    } catch (err) {
      this.#fail(err, 'the listener failed')
    }
  }

  /** A reader that throws has lost events; the others must not lose theirs. */
  #fail(err: unknown, reason: string): void {
    this.#owner.listenerFailed(err)
    this.end(reason)
  }

  #view(event: VersionEvent): Watched | undefined {
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

/** What a watch is told of an object that its selection had before, and has now; undefined where it had it never. */
export function seenAs(before: boolean, now: boolean): EventType | undefined {
  if (now) return before ? 'MODIFIED' : 'ADDED'
  return before ? 'DELETED' : undefined
}

/** What decides which watchers an event may concern: the version that came and the one that went. */
export interface Versions {
  readonly entry: StoredEntry
  readonly previous: StoredEntry | undefined
}
