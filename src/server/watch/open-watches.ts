// All open watches together: quiet ones hear now and then how far the store is, so that they can resume from there, and all end with the server.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { turn } from '../../base/turns.ts'

export interface OpenWatch {
  readonly wantsBookmarks: boolean
  sendBookmark(): void
  end(): void
  /** What is watched: its end is the watch's. */
  readonly served?: object
}

/** Upstream's frequency. */
const bookmarkMs = 60_000
/** So many bookmarks are a few milliseconds of the event loop. */
const bookmarksPerTurn = 100

/** Not listeners of one signal: those are searched through for each that comes, which thousands of watches make slow. */
export class OpenWatches {
  readonly #watches = new Set<OpenWatch>()
  #stopped = false

  get size(): number {
    return this.#watches.size
  }

  /** Ends the watch at once where the server has stopped already. */
  add(watch: OpenWatch): void {
    if (this.#stopped) watch.end()
    else this.#watches.add(watch)
  }

  /** Ends the watches of what is not served any more. */
  endOf(retired: readonly object[]): void {
    if (retired.length === 0) return
    for (const watch of this.#watches) if (watch.served !== undefined && retired.includes(watch.served)) watch.end()
  }

  remove(watch: OpenWatch): void {
    this.#watches.delete(watch)
  }

  /** To every watch that wants them. Resolves when all were sent. */
  async sendBookmarks(): Promise<void> {
    let sent = 0
    for (const watch of this.#watches) {
      if (!watch.wantsBookmarks) continue
      watch.sendBookmark()
      if (++sent % bookmarksPerTurn === 0) await turn()
    }
  }

  /** Resolves when the signal aborts, behind the end of every watch. */
  async run(clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await clock.sleep(bookmarkMs, signal)
        await this.sendBookmarks()
      } catch (err) {
        if (signal.aborted) break
        log.error('bookmark timer failed', { err })
        return
      }
    }
    this.#stopped = true
    for (const watch of this.#watches) watch.end()
    this.#watches.clear()
  }
}
