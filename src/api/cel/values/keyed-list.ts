// Unordered lists: `x-kubernetes-list-type: set` and `map`. They are equal if they contain the same items, and `+` merges them.
import type { CelValue } from './values.ts'
import { addWork } from './work-counter.ts'

/** Identifies an item: the item itself in a set, its key fields in a map. */
export type KeyOf = (item: CelValue) => string

/** Work of computing an item's key. */
const keyWork = 10

export class KeyedList extends Array<CelValue> {
  // map() and filter() of Array return plain arrays: the result of mapping a set is no set.
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

  /** Whether the other contains the same items in any order. */
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
