// Lists whose order does not count: `x-kubernetes-list-type: set` and `map`. They are equal where they hold the same, and `+` joins them.
import type { CelValue } from './values.ts'
import { addWork } from './work-counter.ts'

/** What an item is found by: itself in a set, the values of its keys in a map. */
export type KeyOf = (item: CelValue) => string

/** What the key of an item takes to make. */
const keyWork = 10

export class KeyedList extends Array<CelValue> {
  // map() and filter() of Array make plain arrays: what an expression maps to is no set any more.
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }

  keyOf: KeyOf = String

  static holding(items: readonly CelValue[], keyOf: KeyOf): KeyedList {
    addWork(items.length)
    const made = new KeyedList()
    for (const item of items) made.push(item)
    made.keyOf = keyOf
    return made
  }

  /** Items of this list keep their places, replaced by those of the other with the same key; further ones follow. */
  joinedWith(other: readonly CelValue[]): KeyedList {
    const items = new Map<string, CelValue>()
    addWork(keyWork * (this.length + other.length))
    for (const list of [this, other]) for (const item of list) items.set(this.keyOf(item), item)
    return KeyedList.holding([...items.values()], this.keyOf)
  }

  /** Whether the other holds the same items in any order. */
  sameAs(other: readonly CelValue[], equal: (a: CelValue, b: CelValue) => boolean): boolean {
    if (this.length !== other.length) return false
    const own = new Map<string, CelValue>()
    addWork(2 * keyWork * this.length)
    for (const item of this) own.set(this.keyOf(item), item)
    return [...other].every(item => {
      const mine = own.get(this.keyOf(item))
      return mine !== undefined && equal(mine, item)
    })
  }
}
