// Keeps recently parsed objects, up to a limit of bytes; the oldest is dropped first.

/** Holds a parsed object until `forget` is called. */
export interface Holder {
  readonly byteLength: number
  forget(): void
}

/** Parsed JSON takes about five times its bytes. */
export class RecentObjects {
  readonly #maxBytes: number
  #holders: Holder[] = []
  #head = 0
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Call when the holder has parsed its object, and not again before it was made to forget. */
  add(holder: Holder): void {
    this.#holders.push(holder)
    this.#bytes += holder.byteLength
    // The newest stays, whatever its size, because its writer or reader uses it several times.
    while (this.#bytes > this.#maxBytes && this.#head < this.#holders.length - 1) {
      const oldest = this.#holders[this.#head++]
      if (oldest === undefined) break
      this.#bytes -= oldest.byteLength
      oldest.forget()
    }
    // Even for a few: dropped references would still hold their bytes.
    if (this.#head * 2 > this.#holders.length) {
      this.#holders = this.#holders.slice(this.#head)
      this.#head = 0
    }
  }
}
