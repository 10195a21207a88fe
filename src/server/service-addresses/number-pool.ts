// Allocates the numbers from 0 to size-1. A lower band is reserved for explicit requests.

export class NumberPool {
  readonly #taken = new Set<number>()
  readonly #size: number
  readonly #band: number
  #cursor: number

  /** `next` returns numbers below `band` only when all others are taken. */
  constructor(size: number, band: number) {
    this.#size = size
    this.#band = band
    this.#cursor = band
  }

  get taken(): number {
    return this.#taken.size
  }

  isTaken(number: number): boolean {
    return this.#taken.has(number)
  }

  /** False if the number is taken. */
  take(number: number): boolean {
    if (this.#taken.has(number)) return false
    this.#taken.add(number)
    return true
  }

  /** A free number, in turn, so that released ones are not reused at once; undefined if there is none. */
  next(): number | undefined {
    const upper = this.#size - this.#band
    for (let step = 0; step < upper; step++) {
      const number = this.#band + ((this.#cursor - this.#band + step) % upper)
      if (!this.take(number)) continue
      this.#cursor = number + 1
      return number
    }
    for (let number = 0; number < this.#band; number++) if (this.take(number)) return number
    return undefined
  }

  release(number: number): void {
    this.#taken.delete(number)
  }
}
