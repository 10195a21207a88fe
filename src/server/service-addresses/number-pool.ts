// Which of the numbers from 0 to size-1 are taken. Free ones are given from above a band that is left for explicit wishes.

export class NumberPool {
  readonly #taken = new Set<number>()
  readonly #size: number
  readonly #band: number
  #cursor: number

  /** Numbers below `band` are given by `next` only when all others are taken. */
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

  /** False where it is taken already. */
  take(number: number): boolean {
    if (this.#taken.has(number)) return false
    this.#taken.add(number)
    return true
  }

  /** A free number, one after the other so that a released one is not given again at once; undefined where there is none. */
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
