// Most reads are answered in the turn of the event loop in which they came. Only what is still unanswered at its end gets what may end it: a time limit, and
// watches on its identities.

export interface UnansweredRequest {
  /** Called once at the end of the turn, also for a request that is answered already. */
  arm(): void
}

export class UnansweredRequests {
  /** Emptied and used again: an array of each turn could end in the old generation, and keep its requests until the next major collection. */
  readonly #requests: (UnansweredRequest | undefined)[] = []
  #count = 0

  add(request: UnansweredRequest): void {
    this.#requests[this.#count++] = request
    if (this.#count === 1) setImmediate(this.#armAll)
  }

  readonly #armAll = (): void => {
    for (let at = 0; at < this.#count; at++) {
      const request = this.#requests[at]
      this.#requests[at] = undefined
      request?.arm()
    }
    this.#count = 0
  }
}
