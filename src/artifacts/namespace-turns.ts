// Limits the work that waits for registries, so that the images of one namespace cannot delay those of another.

export interface TurnLimits {
  /** Works at once. */
  readonly running: number
  /** Works of one namespace at once. */
  readonly ownRunning: number
  /** Of `running`, those that only namespaces get that have no other work running: a few namespaces cannot take all. Default: none. */
  readonly firstOnly?: number
  /** Works that wait. A namespace of which none waits may wait beyond it. */
  readonly waiting: number
  readonly ownWaiting: number
}

/** Too many works already wait, in total or of this namespace. */
export class TooManyWaiting extends Error {
  /** `owner`: a namespace, or one with what else the turns are counted by after a line break. */
  constructor(owner: string) {
    super(`too many images of namespace "${owner.split('\n', 1)[0]}" already wait for their registries`)
    this.name = 'TooManyWaiting'
  }
}

interface Waiting {
  begin(): void
}

export class NamespaceTurns {
  readonly #limits: TurnLimits
  /** In the order of their turns. Namespaces of which nothing waits are not in it. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  readonly #running = new Map<string, number>()
  #waits = 0
  #total = 0

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Rejects with TooManyWaiting, with the signal's reason if that comes before its turn, or as `work` does. */
  async run<T>(namespace: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#hasRoom(namespace)) this.#begin(namespace)
    else await this.#wait(namespace, signal)
    try {
      return await work()
    } finally {
      this.#end(namespace)
    }
  }

  #hasRoom(namespace: string): boolean {
    const { running, ownRunning, firstOnly = 0 } = this.#limits
    const own = this.#running.get(namespace) ?? 0
    return own < ownRunning && this.#total < (own === 0 ? running : running - firstOnly)
  }

  #begin(namespace: string): void {
    this.#running.set(namespace, (this.#running.get(namespace) ?? 0) + 1)
    this.#total++
  }

  #wait(namespace: string, signal: AbortSignal): Promise<void> {
    const { waiting, ownWaiting } = this.#limits
    const own = this.#waiting.get(namespace) ?? new Set<Waiting>()
    if (own.size >= ownWaiting || (own.size > 0 && this.#waits >= waiting)) throw new TooManyWaiting(namespace)
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#remove(namespace, own, entry)
        reject(signal.reason)
      }
      const entry: Waiting = {
        begin: () => {
          signal.removeEventListener('abort', stop)
          resolve()
        },
      }
      own.add(entry)
      this.#waits++
      this.#waiting.set(namespace, own)
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  #remove(namespace: string, own: Set<Waiting>, entry: Waiting): void {
    if (!own.delete(entry)) return
    this.#waits--
    if (own.size === 0) this.#waiting.delete(namespace)
  }

  #end(namespace: string): void {
    const own = (this.#running.get(namespace) ?? 1) - 1
    if (own === 0) this.#running.delete(namespace)
    else this.#running.set(namespace, own)
    this.#total--
    for (const [next, waiting] of this.#waiting) {
      const [entry] = waiting
      if (entry === undefined || !this.#hasRoom(next)) continue
      this.#remove(next, waiting, entry)
      // After its turn a namespace is the last.
      if (waiting.size > 0) {
        this.#waiting.delete(next)
        this.#waiting.set(next, waiting)
      }
      this.#begin(next)
      entry.begin()
      return
    }
  }
}
