// How long a refused client is told to stay away: longer while more are refused, as upstream's tracker of dropped requests.

const longest = 32

export class RetryAfter {
  /** Refusals by second, the newest last; no longer ago than the longest time. */
  #history: { readonly second: number; count: number }[] = []
  #seconds = 1
  #raised = Number.NEGATIVE_INFINITY

  /** Seconds. */
  get seconds(): number {
    return this.#seconds
  }

  refused(now: number): void {
    const second = Math.floor(now / 1000)
    const newest = this.#history.at(-1)
    if (newest?.second === second) {
      newest.count++
      return
    }
    this.#adjust(second)
    this.#history = this.#history.filter(({ second: past }) => second - past <= longest)
    this.#history.push({ second, count: 1 })
  }

  /** Doubles with three refusals a second over the time that is asked for now, and shortens by one below one a second. */
  #adjust(second: number): void {
    const recent = this.#history.reduce((sum, past) => (second - past.second <= this.#seconds ? sum + past.count : sum), 0)
    if (second - this.#raised >= this.#seconds && recent >= 3 * this.#seconds) {
      this.#seconds = Math.min(longest, this.#seconds * 2)
      this.#raised = second
    } else if (recent < this.#seconds && this.#seconds > 1) this.#seconds--
  }
}
