// Work that several callers wait for: it is done once, and aborted when no caller waits any more.
import { untilAborted } from '../../base/async/abort.ts'

interface Shared {
  readonly done: Promise<void>
  readonly stop: AbortController
  waiting: number
}

export class SharedWork<K extends object> {
  readonly #work: (keys: readonly K[], signal: AbortSignal) => Promise<void>
  readonly #running = new WeakMap<K, Shared>()

  /** `work` processes its keys together; if it rejects, all callers that wait for one of them get the rejection. */
  constructor(work: (keys: readonly K[], signal: AbortSignal) => Promise<void>) {
    this.#work = work
  }

  /** Starts the keys that are not in progress, and resolves when all are done. Rejects like the work, and at the signal. */
  async do(keys: readonly K[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const waited = new Set<Shared>()
    const fresh: K[] = []
    for (const key of keys) {
      const running = this.#running.get(key)
      if (running === undefined) fresh.push(key)
      else waited.add(running)
    }
    if (fresh.length > 0) waited.add(this.#begin(fresh))
    for (const shared of waited) shared.waiting++
    try {
      await untilAborted(Promise.all([...waited].map(({ done }) => done)), signal)
    } finally {
      for (const shared of waited) if (--shared.waiting === 0) shared.stop.abort()
    }
  }

  #begin(keys: readonly K[]): Shared {
    const stop = new AbortController()
    const done = this.#work(keys, stop.signal)
    const shared: Shared = { done, stop, waiting: 0 }
    for (const key of keys) this.#running.set(key, shared)
    const forget = () => {
      for (const key of keys) if (this.#running.get(key) === shared) this.#running.delete(key)
    }
    // A later caller starts aborted work again.
    stop.signal.addEventListener('abort', forget, { once: true })
    // Waiting callers get the rejection; without them it needs no handler.
    done.then(forget, forget)
    return shared
  }
}
