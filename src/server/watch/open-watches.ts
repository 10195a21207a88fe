// All open watches: sends bookmarks, so that idle watches can resume from a recent revision, and ends all watches with the server.

import { turn } from '../../base/async/turns.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'

export interface OpenWatch {
  readonly wantsBookmarks: boolean
  sendBookmark(): void
  end(): void
  /** The watched resource: its end is the end of the watch. */
  readonly served?: object
}

/** The same interval as upstream. */
const bookmarkMs = 60_000
/** This many bookmarks take a few milliseconds of the event loop. */
const bookmarksPerTurn = 100

/** Not listeners of one signal: adding one searches all others, which is slow with thousands of watches. */
export class OpenWatches {
  readonly #watches = new Set<OpenWatch>()
  #stopped = false

  get size(): number {
    return this.#watches.size
  }

  /** Ends the watch at once if the server has already stopped. */
  add(watch: OpenWatch): void {
    if (this.#stopped) watch.end()
    else this.#watches.add(watch)
  }

  /** Ends the watches of resources that are no longer served. */
  endOf(retired: readonly object[]): void {
    if (retired.length === 0) return
    for (const watch of this.#watches) if (watch.served !== undefined && retired.includes(watch.served)) watch.end()
  }

  remove(watch: OpenWatch): void {
    this.#watches.delete(watch)
  }

  /** Sends bookmarks to all watches that request them. Resolves when all are sent. */
  async sendBookmarks(): Promise<void> {
    let sent = 0
    for (const watch of this.#watches) {
      if (!watch.wantsBookmarks) continue
      watch.sendBookmark()
      if (++sent % bookmarksPerTurn === 0) await turn()
    }
  }

  /** Resolves after the signal aborts and every watch has ended. */
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
