// Work that must not overlap: each starts when the previous one has ended or failed.

export class OneByOne {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as `work`. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#last.then(work, work)
    this.#last = running
    return running
  }
}
