// Sizes of the objects of a store, in total and by namespace, for the store's limit and quotas of bytes.
import type { StoredEntry } from './entry.ts'

/** Memory of an object other than its JSON: entries in maps, indexes and lists, and its parsed labels and fields. */
const overheadBytes = 1024

export const storedSize = (entry: Pick<StoredEntry, 'byteLength'> | undefined): number =>
  entry === undefined ? 0 : entry.byteLength + overheadBytes

/** Events expire and have their own limit, so that a flood of them does not prevent other objects. */
export const isEventResource = (groupResource: string): boolean => groupResource === 'events' || groupResource === 'events.events.k8s.io'

interface Sums {
  total: number
  readonly byNamespace: Map<string, number>
}

const noSums = (): Sums => ({ total: 0, byNamespace: new Map() })

/** A decided write counts from its decision on, so that two writes cannot use the same remaining space. */
export class StoredBytes {
  readonly #visible = { objects: noSums(), news: noSums() }
  #decided = { objects: noSums(), news: noSums() }
  readonly #listeners: ((namespace: string) => void)[] = []

  /** Total, including Events. */
  get total(): number {
    const [visible, decided] = [this.#visible, this.#decided]
    return visible.objects.total + visible.news.total + decided.objects.total + decided.news.total
  }

  /** '' stands for cluster-scoped objects. */
  of(namespace: string, kind: 'objects' | 'news' = 'objects'): number {
    return (this.#visible[kind].byNamespace.get(namespace) ?? 0) + (this.#decided[kind].byNamespace.get(namespace) ?? 0)
  }

  /** Called with each namespace whose visible content has changed. */
  onChange(listener: (namespace: string) => void): void {
    this.#listeners.push(listener)
  }

  decide(groupResource: string, namespace: string, growth: number): void {
    add(this.#decided[isEventResource(groupResource) ? 'news' : 'objects'], namespace, growth)
  }

  /** A decided write is now visible. */
  show(groupResource: string, namespace: string, growth: number): void {
    this.decide(groupResource, namespace, -growth)
    this.follow(groupResource, namespace, growth)
  }

  /** A write of another server is now visible. */
  follow(groupResource: string, namespace: string, growth: number): void {
    this.load(groupResource, namespace, growth)
    if (growth !== 0) for (const listener of this.#listeners) listener(namespace)
  }

  load(groupResource: string, namespace: string, growth: number): void {
    add(this.#visible[isEventResource(groupResource) ? 'news' : 'objects'], namespace, growth)
  }

  /** A decided write failed. */
  abandon(): void {
    this.#decided = { objects: noSums(), news: noSums() }
  }
}

function add(sums: Sums, namespace: string, growth: number): void {
  sums.total += growth
  const next = (sums.byNamespace.get(namespace) ?? 0) + growth
  if (next === 0) sums.byNamespace.delete(namespace)
  else sums.byNamespace.set(namespace, next)
}
