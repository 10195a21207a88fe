// Random choices from a seed, so that a run can be repeated.
import { randomOf } from '../../src/base/data/random.ts'

export class Random {
  readonly #seed: number
  /** At least 0, below 1. */
  readonly next: () => number

  /** @param seed any integer; equal seeds give equal choices */
  constructor(seed: number) {
    this.#seed = seed
    this.next = randomOf(seed)
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** Throws for an empty list. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }

  /** Other choices, which do not depend on how many of these were made. */
  fork(index: number): Random {
    return new Random(Math.imul(this.#seed ^ 0x9e3779b9, 2 * index + 1))
  }
}
