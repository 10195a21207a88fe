// Readers that wait for a revision: a client has seen it on another server, and this one gets it in a moment.
import type { Clock } from '../base/clock.ts'

interface Waiting {
  readonly revision: number
  resolve(): void
}

export class AwaitedRevisions {
  readonly #clock: Clock
  readonly #waiting = new Set<Waiting>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when the revision is reached, after `maxMs`, or with the signal. */
  async until(revision: number, maxMs: number, signal?: AbortSignal): Promise<void> {
    const done = Promise.withResolvers<void>()
    const waiting = { revision, resolve: done.resolve }
    this.#waiting.add(waiting)
    const end = new AbortController()
    const limit = this.#clock.sleep(maxMs, signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]))
    // Either way the reader looks again.
    limit.then(done.resolve, done.resolve)
    await done.promise
    this.#waiting.delete(waiting)
    end.abort()
  }

  reached(revision: number): void {
    for (const waiting of this.#waiting) if (waiting.revision <= revision) waiting.resolve()
  }
}
