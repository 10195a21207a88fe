// Random numbers from a seed, so that a run can be repeated.

export class Random {
  #state: number

  /** @param seed any integer; equal seeds give equal numbers */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** At least 0, below 1. Mulberry32, by Tommy Ettinger (public domain). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let bits = this.#state
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
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

  /** Another sequence, which does not depend on how much of this one is used. */
  fork(index: number): Random {
    return new Random(Math.imul(this.#state ^ 0x9e3779b9, 2 * index + 1))
  }
}
