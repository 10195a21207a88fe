// Work that must not overlap: each begins when the one before it has ended, however that did.

export class OneByOne {
  #last: Promise<unknown> = Promise.resolve()

  /** As `work` ends. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#last.then(work, work)
    this.#last = running
    return running
  }
}
