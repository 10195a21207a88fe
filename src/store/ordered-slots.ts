// The objects of a collection in key order: a list of sorted chunks, so that an insertion moves a few hundred pointers and lists never need
// sorting.
import type { StoredEntry } from './entry.ts'

/** The place of a key. Updates replace `entry` and keep the order. */
export interface Slot {
  readonly key: string
  entry: StoredEntry
}

/**
 * The order of lists. Like upstream's etcd keys, it compares `namespace/name` as one string, so namespace `a-b` comes before `a` ('-' is
 * below '/'). Cluster-scoped objects have only their name.
 */
export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`
}

/** The half-open range of keys of a namespace; '0' is the character after '/'. */
export function namespaceRange(namespace: string): { readonly from: string; readonly to: string } {
  return { from: `${namespace}/`, to: `${namespace}0` }
}

const chunkLimit = 512

export class OrderedSlots {
  readonly #chunks: Slot[][] = [[]]
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The key must not exist yet. */
  insert(slot: Slot): void {
    const last = this.#chunks.length - 1
    // Names are often ascending: then no search is needed.
    const at = isBelow(this.#chunk(last).at(-1), slot) ? last : this.#chunkOf(slot.key)
    const chunk = this.#chunk(at)
    const index = isBelow(chunk.at(-1), slot) ? chunk.length : lowerBound(chunk, slot.key)
    if (index === chunk.length) chunk.push(slot)
    else chunk.splice(index, 0, slot)
    this.#size++
    if (chunk.length <= chunkLimit) return
    // Keys that arrive in order fill chunks whole; others split in the middle.
    const keep = index === chunk.length - 1 ? chunkLimit : chunkLimit / 2
    this.#chunks.splice(at + 1, 0, chunk.splice(keep))
  }

  remove(key: string): void {
    const at = this.#chunkOf(key)
    const chunk = this.#chunk(at)
    const index = lowerBound(chunk, key)
    if (chunk[index]?.key !== key) return
    chunk.splice(index, 1)
    this.#size--
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1)
  }

  /** The number of keys below `key`. */
  rank(key: string): number {
    const at = this.#chunkOf(key)
    let count = 0
    for (let i = 0; i < at; i++) count += this.#chunk(i).length
    return count + lowerBound(this.#chunk(at), key)
  }

  /** Visits slots from `from` (inclusive) to `to` (exclusive) in order until `visit` returns false. */
  scan(from: string, to: string | undefined, visit: (slot: Slot) => boolean): void {
    let at = this.#chunkOf(from)
    let index = lowerBound(this.#chunk(at), from)
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunk(at)
      for (; index < chunk.length; index++) {
        const slot = chunk[index]
        if (slot === undefined || (to !== undefined && slot.key >= to)) return
        if (!visit(slot)) return
      }
    }
  }

  /** The last chunk whose first key is at most `key`. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const first = this.#chunks[middle]?.[0]
      if (first !== undefined && first.key <= key) low = middle
      else high = middle - 1
    }
    return low
  }

  #chunk(at: number): Slot[] {
    const chunk = this.#chunks[at]
    if (chunk === undefined) throw new RangeError(`No chunk ${at} of ${this.#chunks.length}`)
    return chunk
  }
}

function isBelow(one: Slot | undefined, other: Slot): boolean {
  return one !== undefined && one.key < other.key
}

/** The index of the first slot at or above `key`. */
function lowerBound(chunk: readonly Slot[], key: string): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >> 1
    const slot = chunk[middle]
    if (slot !== undefined && slot.key < key) low = middle + 1
    else high = middle
  }
  return low
}
