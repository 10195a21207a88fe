// Items in an order, of which the first is needed: adding, taking and removing one cost the logarithm of their number.

export class OrderedHeap<T> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #items: T[] = []
  readonly #places = new Map<T, number>()

  /** A total order, which must not change for items that are there. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#items.length
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  /** In no order. */
  get all(): readonly T[] {
    return this.#items
  }

  has(item: T): boolean {
    return this.#places.has(item)
  }

  /** No effect on one that is there. */
  add(item: T): void {
    if (this.#places.has(item)) return
    this.#put(item, this.#items.length)
    this.#up(item)
  }

  take(): T | undefined {
    const { first } = this
    if (first !== undefined) this.remove(first)
    return first
  }

  /** No effect on one that is not there. */
  remove(item: T): void {
    const place = this.#places.get(item)
    if (place === undefined) return
    this.#places.delete(item)
    const last = this.#items.pop()
    if (last === undefined || last === item) return
    this.#put(last, place)
    this.#up(last)
    this.#down(last)
  }

  #up(item: T): void {
    for (let place = this.#placeOf(item); place > 0; ) {
      const above = (place - 1) >> 1
      const parent = this.#items[above]
      if (parent === undefined || !this.#isBefore(item, parent)) return
      this.#put(parent, place)
      this.#put(item, above)
      place = above
    }
  }

  #down(item: T): void {
    for (let place = this.#placeOf(item); ; ) {
      const [left, right] = [this.#items[place * 2 + 1], this.#items[place * 2 + 2]]
      const isRight = left !== undefined && right !== undefined && this.#isBefore(right, left)
      const child = isRight ? right : left
      if (child === undefined || !this.#isBefore(child, item)) return
      this.#put(child, place)
      place = place * 2 + (isRight ? 2 : 1)
      this.#put(item, place)
    }
  }

  #placeOf(item: T): number {
    return this.#places.get(item) ?? 0
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    this.#places.set(item, place)
  }
}
