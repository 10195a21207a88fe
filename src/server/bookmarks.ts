// One timer that tells every quiet watch how far the store is, so that it can resume from there.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

/** Upstream's frequency. */
const intervalMs = 60_000

export class Bookmarks {
  readonly #senders = new Set<() => void>()

  /** Returns what removes it again. */
  add(send: () => void): () => void {
    this.#senders.add(send)
    return () => this.#senders.delete(send)
  }

  /** To every watch now. */
  send(): void {
    for (const send of this.#senders) send()
  }

  /** Resolves when the signal aborts. */
  async run(clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await clock.sleep(intervalMs, signal)
      } catch (err) {
        if (!signal.aborted) log.error('bookmark timer failed', { err })
        return
      }
      this.send()
    }
  }
}
