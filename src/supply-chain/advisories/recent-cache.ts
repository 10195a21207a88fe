// A cache of limited weight that keeps what was used recently.

/**
 * Two generations: an entry that is read moves into the young one; when that has half of the weight, it becomes the old one and the previous old one is
 * dropped. So what is used again and again stays, at the cost of two maps.
 */
export class RecentCache<Value> {
  readonly #maxWeight: number
  #young = new Map<string, { readonly value: Value; readonly weight: number }>()
  #old = new Map<string, { readonly value: Value; readonly weight: number }>()
  #youngWeight = 0

  /** All entries together have at most this weight, but for the last one that was set. */
  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young.value
    const old = this.#old.get(key)
    if (old === undefined) return undefined
    this.#add(key, old.value, old.weight)
    return old.value
  }

  set(key: string, value: Value, weight: number): void {
    this.#add(key, value, weight)
  }

  #add(key: string, value: Value, weight: number): void {
    if (this.#youngWeight + weight > this.#maxWeight / 2) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngWeight = 0
    }
    this.#young.set(key, { value, weight })
    this.#youngWeight += weight
  }
}
