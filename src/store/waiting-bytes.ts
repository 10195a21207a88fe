// Bounds what waits for slow readers of all watches together: each may hold events that nobody else needs any more.

/** A watch whose reader is behind. */
export interface WaitingWatch {
  end(reason: string): void
}

/** An event that watches hold until their readers have taken it. */
export interface HeldEvent {
  readonly entry: { readonly byteLength: number }
  /** How many watches hold it. */
  holders: number
}

/** Bytes of objects, each event counted once however many watches hold it. */
export const defaultWaitingBytes = 64 * 2 ** 20

export class WaitingBytes {
  readonly #maxBytes: number
  /** The longest behind first. */
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

  /** The reader of this watch is behind. Where too much is held, ends those watches, this one too, that have been behind for longest. */
  wait(watch: WaitingWatch): void {
    this.#behind.add(watch)
    for (const oldest of this.#behind) {
      if (this.#bytes <= this.#maxBytes) break
      this.#behind.delete(oldest)
      oldest.end(`too slow: more than ${this.#maxBytes} bytes wait for all readers together, and this one has been behind for longest`)
    }
  }

  /** Its reader has caught up, or it has ended. */
  caughtUp(watch: WaitingWatch): void {
    this.#behind.delete(watch)
  }
}
