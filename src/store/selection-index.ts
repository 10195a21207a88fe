// Indexes for selections: which objects have a label or field value.
import type { StoredEntry } from './entry.ts'
import { ownValue } from './entry.ts'
import type { Slot } from './ordered-slots.ts'
import type { Selection } from './store.ts'

type Values = Map<string, Set<Slot>>

/** For smaller collections a scan is as fast as an index. */
const smallCollection = 128
/** Limit of indexed label keys. Clients choose selectors, so they could otherwise fill memory with indexes. */
const labelKeyLimit = 16

/** Indexed fields are always kept; a label key gets an index when a selection uses it, and the least recently used is dropped first. */
export class SelectionIndex {
  readonly #fields = new Map<string, Values>()
  readonly #labels = new Map<string, Values>()
  readonly #slots: ReadonlyMap<string, Slot>

  constructor(slots: ReadonlyMap<string, Slot>) {
    this.#slots = slots
  }

  addField(path: string): void {
    if (!this.#fields.has(path))
      this.#fields.set(
        path,
        this.#build(entry => ownValue(entry.fields, path)),
      )
  }

  /** The smallest set of slots that contains all possible matches; undefined if only a scan can find them. */
  candidates(selection: Selection): ReadonlySet<Slot> | undefined {
    let best: ReadonlySet<Slot> | undefined
    for (const [path, value] of selection.exactFields ?? []) best = smaller(best, this.#fields.get(path), value)
    if (best !== undefined && best.size < smallCollection) return best
    for (const [key, value] of selection.exactLabels ?? []) best = smaller(best, this.#label(key), value)
    return best
  }

  /** Updates the indexes after `slot` changed from `before` to `after` (undefined: does not exist). */
  update(slot: Slot, before: StoredEntry | undefined, after: StoredEntry | undefined): void {
    for (const [path, values] of this.#fields) {
      move(values, slot, before && ownValue(before.fields, path), after && ownValue(after.fields, path))
    }
    for (const [key, values] of this.#labels) {
      move(values, slot, before && ownValue(before.labels, key), after && ownValue(after.labels, key))
    }
  }

  #label(key: string): Values | undefined {
    let values = this.#labels.get(key)
    if (values === undefined) {
      if (this.#slots.size < smallCollection) return undefined
      values = this.#build(entry => ownValue(entry.labels, key))
    }
    this.#labels.delete(key)
    this.#labels.set(key, values)
    for (const oldest of this.#labels.keys()) {
      if (this.#labels.size <= labelKeyLimit) break
      this.#labels.delete(oldest)
    }
    return values
  }

  #build(valueIn: (entry: StoredEntry) => string | undefined): Values {
    const values: Values = new Map()
    for (const slot of this.#slots.values()) move(values, slot, undefined, valueIn(slot.entry))
    return values
  }
}

const noSlots: ReadonlySet<Slot> = new Set()

function smaller(best: ReadonlySet<Slot> | undefined, values: Values | undefined, value: string): ReadonlySet<Slot> | undefined {
  if (values === undefined) return best
  // An object without the field matches `field=` (the empty value), and is in no set.
  if (value === '') return best
  const slots = values.get(value) ?? noSlots
  return best === undefined || slots.size < best.size ? slots : best
}

function move(values: Values, slot: Slot, before: string | undefined, after: string | undefined): void {
  if (before === after) return
  if (before !== undefined) {
    const slots = values.get(before)
    slots?.delete(slot)
    if (slots?.size === 0) values.delete(before)
  }
  if (after === undefined) return
  const slots = values.get(after)
  if (slots === undefined) values.set(after, new Set([slot]))
  else slots.add(slot)
}
