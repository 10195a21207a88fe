// A map that drops its oldest entries, so that no client can make it grow without limit.

export class BoundedCache<V> {
  readonly #entries = new Map<string, V>()
  readonly #max: number
  constructor(max: number) {
    this.#max = max
  }
  get(key: string): V | undefined {
    return this.#entries.get(key)
  }
  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#max) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }
  delete(key: string): void {
    this.#entries.delete(key)
  }
  /** Drops all others. */
  retain(keeps: (value: V) => boolean): void {
    for (const [key, value] of this.#entries) if (!keeps(value)) this.#entries.delete(key)
  }
}
