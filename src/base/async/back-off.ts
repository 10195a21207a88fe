// Upstream's per-key exponential back-off, as the kubelet uses it for crashed containers and failed pulls.

const firstMs = 10_000
const maxMs = 300_000

interface Entry {
  backOffMs: number
  updatedAt: number
}

/** Times are milliseconds since the epoch. A key whose last failure is older than twice the maximum back-off resets. */
export class BackOff {
  readonly #entries = new Map<string, Entry>()

  /** Milliseconds from `now` until the key may be retried after an event at `eventAt`; 0 if it may now. */
  remaining(key: string, eventAt: number, now: number): number {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(entry, eventAt)) return 0
    return Math.max(0, eventAt + entry.backOffMs - now)
  }

  /** The current delay of the key, for messages. */
  get(key: string): number {
    return this.#entries.get(key)?.backOffMs ?? 0
  }

  /** Records a failure (or a restart after one) at `eventAt`. */
  next(key: string, eventAt: number, now: number): void {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(entry, eventAt)) this.#entries.set(key, { backOffMs: firstMs, updatedAt: now })
    else {
      entry.backOffMs = Math.min(entry.backOffMs * 2, maxMs)
      entry.updatedAt = now
    }
  }

  /** Drops all keys with the prefix: those of a removed pod. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }

  #expired(entry: Entry, eventAt: number): boolean {
    return eventAt - entry.updatedAt > 2 * maxMs
  }
}

/** Go's text of a duration in whole seconds: `10s`, `1m20s`, `5m0s`, `1h0m0s`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${hours > 0 ? `${hours}h` : ''}${seconds >= 60 ? `${minutes}m` : ''}${seconds % 60}s`
}
