// Work that must not overlap: each starts when the previous one has ended or failed.

export class OneByOne {
  #last: Promise<unknown> = Promise.resolve()
  #unsettled = 0

  /** No work runs or waits. */
  get isIdle(): boolean {
    return this.#unsettled === 0
  }

  /** Settles as `work`. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#unsettled++
    const counted = async () => {
      try {
        return await work()
      } finally {
        this.#unsettled--
      }
    }
    const running = this.#last.then(counted, counted)
    this.#last = running
    return running
  }
}
