// Allocates the numbers of a range in turn, at constant cost however large and full it is: each number is tried once, and again after it was freed.

/** Above this many used entries the queue of freed numbers is compacted. */
const maxSpent = 1024

export class AddressTurns {
  readonly #first: number
  readonly #last: number
  /** First number not tried yet. */
  #fresh: number
  /** Freed numbers below it; some may be taken again; entries before `#spent` are used. */
  readonly #freed: number[] = []
  #spent = 0

  /** Both ends are included; empty if `last` is below `first`. */
  constructor(first: number, last: number) {
    this.#first = first
    this.#last = last
    this.#fresh = first
  }

  /** The next free number; freed ones come last. Undefined if there is none. */
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

  /** Called for each freed number; ignores numbers outside this range. */
  free(number: number): void {
    if (number >= this.#first && number < this.#fresh && number <= this.#last) this.#freed.push(number)
  }
}
