// Work in the background: one run at a time, and all requests that come during a run share one run after it.

export class CoalescedWork {
  readonly #work: () => Promise<void>
  #isRequested = false
  #running: Promise<void> | undefined

  /** `work` must not reject: nobody waits for it who could handle that. */
  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** Returns at once. A run that begins after this call sees what the caller has done before it. */
  request(): void {
    this.#isRequested = true
    this.#running ??= this.#run()
  }

  /** Resolves when no run is going on and none is requested. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // The caller's turn ends first.
    await Promise.resolve()
    try {
      while (this.#isRequested) {
        this.#isRequested = false
        await this.#work()
      }
    } finally {
      // In the turn of the last look: no request can come between the two.
      this.#running = undefined
    }
  }
}
