// Finds the watchers that an event may concern without asking all of them: a thousand kubelets each watch the pods of one node.
import { ownValue } from './entry.ts'
import { keyOf } from './ordered-slots.ts'
import type { Versions, Watcher } from './watcher.ts'

type Buckets = Map<string, Set<Watcher>>

/** Each watcher is in exactly one bucket: the narrowest that its query allows. */
export class WatcherIndex {
  readonly #everything = new Set<Watcher>()
  readonly #byKey: Buckets = new Map()
  readonly #byNamespace: Buckets = new Map()
  readonly #byField = new Map<string, Buckets>()
  readonly #byLabel = new Map<string, Buckets>()
  readonly #all = new Set<Watcher>()

  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): IterableIterator<Watcher> {
    return this.#all.values()
  }

  add(watcher: Watcher): void {
    this.#all.add(watcher)
    const { buckets, value } = this.#placeOf(watcher)
    if (buckets === undefined) {
      this.#everything.add(watcher)
      return
    }
    const bucket = buckets.get(value)
    if (bucket === undefined) buckets.set(value, new Set([watcher]))
    else bucket.add(watcher)
  }

  remove(watcher: Watcher): void {
    this.#all.delete(watcher)
    this.#everything.delete(watcher)
    const { buckets, value } = this.#placeOf(watcher)
    const bucket = buckets?.get(value)
    bucket?.delete(watcher)
    if (bucket?.size === 0) buckets?.delete(value)
  }

  /** Visits every watcher that may see the change once; the watcher itself decides. */
  visit({ entry, previous }: Versions, visit: (watcher: Watcher) => void): void {
    for (const watcher of this.#everything) visit(watcher)
    visitBucket(this.#byNamespace, entry.namespace, visit)
    if (this.#byKey.size > 0) visitBucket(this.#byKey, keyOf(entry.namespace, entry.name), visit)
    for (const [path, buckets] of this.#byField) {
      if (buckets.size === 0) continue
      visitValues(buckets, ownValue(entry.fields, path), previous && ownValue(previous.fields, path), visit)
    }
    for (const [key, buckets] of this.#byLabel) {
      if (buckets.size === 0) continue
      visitValues(buckets, ownValue(entry.labels, key), previous && ownValue(previous.labels, key), visit)
    }
  }

  #placeOf({ query }: Watcher): { buckets: Buckets | undefined; value: string } {
    const { namespace, name, selection } = query
    if (name !== undefined && namespace !== undefined) return { buckets: this.#byKey, value: keyOf(namespace, name) }
    // An object without the field or label matches the empty value too, so only other values narrow the bucket.
    const field = selection?.exactFields?.find(([, value]) => value !== '')
    if (field !== undefined) return { buckets: bucketsOf(this.#byField, field[0]), value: field[1] }
    if (name !== undefined) return { buckets: bucketsOf(this.#byField, 'metadata.name'), value: name }
    const label = selection?.exactLabels?.find(([, value]) => value !== '')
    if (label !== undefined) return { buckets: bucketsOf(this.#byLabel, label[0]), value: label[1] }
    if (namespace !== undefined) return { buckets: this.#byNamespace, value: namespace }
    return { buckets: undefined, value: '' }
  }
}

function bucketsOf(map: Map<string, Buckets>, key: string): Buckets {
  let buckets = map.get(key)
  if (buckets === undefined) {
    buckets = new Map()
    map.set(key, buckets)
  }
  return buckets
}

function visitBucket(buckets: Buckets, value: string, visit: (watcher: Watcher) => void): void {
  const bucket = buckets.get(value)
  if (bucket !== undefined) for (const watcher of bucket) visit(watcher)
}

function visitValues(buckets: Buckets, now: string | undefined, before: string | undefined, visit: (watcher: Watcher) => void): void {
  if (now !== undefined) visitBucket(buckets, now, visit)
  if (before !== undefined && before !== now) visitBucket(buckets, before, visit)
}
