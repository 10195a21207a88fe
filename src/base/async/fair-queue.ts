// A queue in which owners take turns, so that an owner with many items delays only itself.

export interface QueueLimits {
  readonly items: number
  readonly bytes: number
  /** Limit for one owner. */
  readonly ownItems: number
}

interface Entry<T> {
  readonly item: T
  readonly bytes: number
}

export class FairQueue<T> {
  readonly #limits: QueueLimits
  /** In the order of their turns. Owners without entries are not in it. */
  readonly #owners = new Map<string, Map<T, Entry<T>>>()
  #items = 0
  #bytes = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#items
  }

  /** False if the queue, or this owner's share of it, is full. */
  add(owner: string, item: T, bytes: number): boolean {
    const { items, bytes: maxBytes, ownItems } = this.#limits
    const own = this.#owners.get(owner)
    if (this.#items >= items || this.#bytes + bytes > maxBytes || (own !== undefined && own.size >= ownItems)) return false
    if (own === undefined) this.#owners.set(owner, new Map([[item, { item, bytes }]]))
    else own.set(item, { item, bytes })
    this.#items++
    this.#bytes += bytes
    return true
  }

  remove(owner: string, item: T): void {
    const own = this.#owners.get(owner)
    const entry = own?.get(item)
    if (own === undefined || entry === undefined) return
    this.#drop(owner, own, entry)
  }

  /** Takes the next items, one of each owner in turn, up to the limits; always the first one. */
  take(maxItems: number, maxBytes: number): T[] {
    const taken: T[] = []
    let bytes = 0
    // After its turn, an owner is appended again, so that the loop comes back to it.
    for (const [owner, own] of this.#owners) {
      const [entry] = own.values()
      if (entry === undefined || taken.length >= maxItems || (taken.length > 0 && bytes + entry.bytes > maxBytes)) break
      taken.push(entry.item)
      bytes += entry.bytes
      this.#drop(owner, own, entry)
      if (own.size === 0) continue
      this.#owners.delete(owner)
      this.#owners.set(owner, own)
    }
    return taken
  }

  #drop(owner: string, own: Map<T, Entry<T>>, { item, bytes }: Entry<T>): void {
    own.delete(item)
    if (own.size === 0) this.#owners.delete(owner)
    this.#items--
    this.#bytes -= bytes
  }
}
