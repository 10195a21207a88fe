// Numbers of a range in turn, however large it is and however full: each is looked at once, and again only after it was freed.

/** Freed numbers that were given again are cut off the queue beyond this. */
const maxSpent = 1024

export class AddressTurns {
  readonly #first: number
  readonly #last: number
  /** All from here on were never looked at. */
  #fresh: number
  /** Free ones before it, and perhaps some that were taken meanwhile; those before `#spent` are used up. */
  readonly #freed: number[] = []
  #spent = 0

  /** Both ends are within; none where `last` comes before `first`. */
  constructor(first: number, last: number) {
    this.#first = first
    this.#last = last
    this.#fresh = first
  }

  /** The next free number, one that was freed as late as possible; undefined where there is none. */
  next(isFree: (number: number) => boolean): number | undefined {
    while (this.#fresh <= this.#last) {
      const number = this.#fresh++
      if (isFree(number)) return number
    }
    while (this.#spent < this.#freed.length) {
      const number = this.#freed[this.#spent++]
      if (this.#spent >= maxSpent && this.#spent * 2 >= this.#freed.length) {
        this.#freed.splice(0, this.#spent)
        this.#spent = 0
      }
      if (number !== undefined && isFree(number)) return number
    }
    return undefined
  }

  /** To be told of each number that becomes free; what is not of this range is passed over. */
  free(number: number): void {
    if (number >= this.#first && number < this.#fresh && number <= this.#last) this.#freed.push(number)
  }
}
