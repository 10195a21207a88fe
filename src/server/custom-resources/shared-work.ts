// Work on things that several wait for: it is done once, and given up when nobody waits for it any more.
import { untilAborted } from '../../base/abort.ts'

interface Shared {
  readonly done: Promise<void>
  readonly stop: AbortController
  waiting: number
}

export class SharedWork<K extends object> {
  readonly #work: (keys: readonly K[], signal: AbortSignal) => Promise<void>
  readonly #running = new WeakMap<K, Shared>()

  /** `work` does its keys together; its rejection is that of all who wait for any of them. */
  constructor(work: (keys: readonly K[], signal: AbortSignal) => Promise<void>) {
    this.#work = work
  }

  /** Resolves when all are done: what nobody does yet is begun. Rejects as the work does, and at the signal. */
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
    // Whoever comes when it was given up begins anew.
    stop.signal.addEventListener('abort', forget, { once: true })
    // Those who wait are told; without them nobody needs to be.
    done.then(forget, forget)
    return shared
  }
}
