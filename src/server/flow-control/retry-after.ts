// The Retry-After of rejected requests: longer while more are rejected, as in upstream's tracker of dropped requests.

const longest = 32

export class RetryAfter {
  /** Rejections by second, the newest last, within the longest time. */
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

  /** Doubles at three rejections per second over the current time, and decreases by one below one per second. */
  #adjust(second: number): void {
    const recent = this.#history.reduce((sum, past) => (second - past.second <= this.#seconds ? sum + past.count : sum), 0)
    if (second - this.#raised >= this.#seconds && recent >= 3 * this.#seconds) {
      this.#seconds = Math.min(longest, this.#seconds * 2)
      this.#raised = second
    } else if (recent < this.#seconds && this.#seconds > 1) this.#seconds--
  }
}
