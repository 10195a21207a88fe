// Bounds what waits for slow readers of all watches together: each holds events that nobody else needs any more.

/** A watch whose reader is behind. */
export interface WaitingWatch {
  end(reason: string): void
}

/** Bytes of objects, counted for each watch that waits for its reader. */
export const defaultWaitingBytes = 64 * 2 ** 20

export class WaitingBytes {
  readonly #maxBytes: number
  /** The longest behind first. */
  readonly #watches = new Map<WaitingWatch, number>()
  #bytes = 0

  constructor(maxBytes = defaultWaitingBytes) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** So much waits for its reader. May end watches, this one too: those that have been behind for longest. */
  set(watch: WaitingWatch, bytes: number): void {
    this.#bytes += bytes - (this.#watches.get(watch) ?? 0)
    this.#watches.set(watch, bytes)
    for (const oldest of this.#watches.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.delete(oldest)
      oldest.end(`too slow: more than ${this.#maxBytes} bytes wait for all readers together, and this one has been behind for longest`)
    }
  }

  /** Its reader has caught up, or it has ended. */
  delete(watch: WaitingWatch): void {
    this.#bytes -= this.#watches.get(watch) ?? 0
    this.#watches.delete(watch)
  }
}
