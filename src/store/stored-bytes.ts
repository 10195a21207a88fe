// How much the objects of a store are, in all and by namespace: what the bound of the store and quotas of bytes count.
import type { StoredEntry } from './entry.ts'

/** What an object takes beside its JSON: its places in maps, indexes and lists, and its parsed labels and fields. */
const overheadBytes = 1024

export const storedSize = (entry: Pick<StoredEntry, 'byteLength'> | undefined): number =>
  entry === undefined ? 0 : entry.byteLength + overheadBytes

/** News come and go by themselves and have a bound of their own, so that a flood of them keeps no object out. */
export const isEventResource = (groupResource: string): boolean => groupResource === 'events' || groupResource === 'events.events.k8s.io'

interface Sums {
  total: number
  readonly byNamespace: Map<string, number>
}

const noSums = (): Sums => ({ total: 0, byNamespace: new Map() })

/** What is decided counts from its decision on, so that no two writes share what is left for one. */
export class StoredBytes {
  readonly #visible = { objects: noSums(), news: noSums() }
  #decided = { objects: noSums(), news: noSums() }
  readonly #listeners: ((namespace: string) => void)[] = []

  /** Of everything, news included. */
  get total(): number {
    const [visible, decided] = [this.#visible, this.#decided]
    return visible.objects.total + visible.news.total + decided.objects.total + decided.news.total
  }

  /** '' stands for what is in no namespace. */
  of(namespace: string, kind: 'objects' | 'news' = 'objects'): number {
    return (this.#visible[kind].byNamespace.get(namespace) ?? 0) + (this.#decided[kind].byNamespace.get(namespace) ?? 0)
  }

  /** Called with each namespace of which something else is visible now. */
  onChange(listener: (namespace: string) => void): void {
    this.#listeners.push(listener)
  }

  decide(groupResource: string, namespace: string, growth: number): void {
    add(this.#decided[isEventResource(groupResource) ? 'news' : 'objects'], namespace, growth)
  }

  /** What was decided before is visible now. */
  show(groupResource: string, namespace: string, growth: number): void {
    this.decide(groupResource, namespace, -growth)
    this.load(groupResource, namespace, growth)
    if (growth !== 0) for (const listener of this.#listeners) listener(namespace)
  }

  load(groupResource: string, namespace: string, growth: number): void {
    add(this.#visible[isEventResource(groupResource) ? 'news' : 'objects'], namespace, growth)
  }

  /** What was decided will not be. */
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
