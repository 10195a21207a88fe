// Limits the work that waits for registries, so that the images of one namespace cannot delay those of another.
import { FairQueue } from '../base/async/fair-queue.ts'

export interface TurnLimits {
  /** Works at once. */
  readonly running: number
  /** Works of one namespace at once. */
  readonly ownRunning: number
  readonly waiting: number
  readonly ownWaiting: number
}

/** Too many works already wait, in total or of this namespace. */
export class TooManyWaiting extends Error {
  constructor(namespace: string) {
    super(`too many images of namespace "${namespace}" already wait for their registries`)
    this.name = 'TooManyWaiting'
  }
}

interface Waiting {
  readonly namespace: string
  begin(): void
}

export class NamespaceTurns {
  readonly #limits: TurnLimits
  readonly #queue: FairQueue<Waiting>
  /** Of namespaces that already have as many works as they may. */
  readonly #running = new Map<string, number>()
  #total = 0

  constructor(limits: TurnLimits) {
    this.#limits = limits
    this.#queue = new FairQueue({ items: limits.waiting, bytes: Number.POSITIVE_INFINITY, ownItems: limits.ownWaiting })
  }

  /** Rejects with TooManyWaiting, with the signal's reason, or as `work` does. */
  async run<T>(namespace: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (!this.#begin(namespace)) await this.#wait(namespace, signal)
    try {
      return await work()
    } finally {
      this.#end(namespace)
    }
  }

  #begin(namespace: string): boolean {
    const own = this.#running.get(namespace) ?? 0
    if (this.#total >= this.#limits.running || own >= this.#limits.ownRunning) return false
    this.#running.set(namespace, own + 1)
    this.#total++
    return true
  }

  #wait(namespace: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#queue.remove(namespace, entry)
        reject(signal.reason)
      }
      const entry: Waiting = {
        namespace,
        begin: () => {
          signal.removeEventListener('abort', stop)
          resolve()
        },
      }
      if (!this.#queue.add(namespace, entry, 0)) return reject(new TooManyWaiting(namespace))
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  #end(namespace: string): void {
    const own = (this.#running.get(namespace) ?? 1) - 1
    if (own === 0) this.#running.delete(namespace)
    else this.#running.set(namespace, own)
    this.#total--
    // Each owner gets one look; those that already have their share go back to the queue.
    const skipped: Waiting[] = []
    for (let left = this.#queue.size; left > 0; left--) {
      const [next] = this.#queue.take(1, Number.POSITIVE_INFINITY)
      if (next === undefined) break
      if (this.#begin(next.namespace)) {
        next.begin()
        break
      }
      skipped.push(next)
      if (this.#total >= this.#limits.running) break
    }
    for (const entry of skipped) this.#queue.add(entry.namespace, entry, 0)
  }
}
