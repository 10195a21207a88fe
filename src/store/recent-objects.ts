// Parsed objects for a while: a bounded number of bytes' worth, the oldest goes first.

/** Something that holds a parsed object until it is told to forget it. */
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

  /** To be called when the holder has begun to hold, and not again before it was told to forget. */
  add(holder: Holder): void {
    this.#holders.push(holder)
    this.#bytes += holder.byteLength
    // The newest stays, whatever its size: who has just written or read it asks for its object several times.
    while (this.#bytes > this.#maxBytes && this.#head < this.#holders.length - 1) {
      const oldest = this.#holders[this.#head++]
      if (oldest === undefined) break
      this.#bytes -= oldest.byteLength
      oldest.forget()
    }
    // At once, however few: what is left here of those that are gone still holds their bytes.
    if (this.#head * 2 > this.#holders.length) {
      this.#holders = this.#holders.slice(this.#head)
      this.#head = 0
    }
  }
}
