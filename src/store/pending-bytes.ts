// Limits the events that wait for slow readers of all watches together: each reader may hold events that nobody else needs any more.

/** A watch whose reader is behind. */
export interface WaitingWatch {
  end(reason: string): void
}

/** An event that watches hold until their readers have received it. */
export interface HeldEvent {
  readonly entry: { readonly byteLength: number }
  /** Number of watches that hold it. */
  holders: number
}

/** Bytes of objects; an event counts once however many watches hold it. */
export const defaultWaitingBytes = 64 * 2 ** 20

export class WaitingBytes {
  readonly #maxBytes: number
  /** Those that have been behind for longest come first. */
  readonly #behind = new Set<WaitingWatch>()
  #bytes = 0

  constructor(maxBytes = defaultWaitingBytes) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  hold(event: HeldEvent): void {
    if (event.holders++ === 0) this.#bytes += event.entry.byteLength
  }

  release(event: HeldEvent): void {
    if (--event.holders === 0) this.#bytes -= event.entry.byteLength
  }

  /** The reader of this watch is behind. Above the limit, ends the watches that have been behind for longest, possibly this one. */
  wait(watch: WaitingWatch): void {
    this.#behind.add(watch)
    for (const oldest of this.#behind) {
      if (this.#bytes <= this.#maxBytes) break
      this.#behind.delete(oldest)
      oldest.end(`too slow: more than ${this.#maxBytes} bytes wait for all readers together, and this one has been behind for longest`)
    }
  }

  /** The reader has caught up, or the watch has ended. */
  caughtUp(watch: WaitingWatch): void {
    this.#behind.delete(watch)
  }
}
