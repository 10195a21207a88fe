// The objects of one resource in memory, with indexes: informers fill it, controllers read it.
import type { KubeObject } from '../../api/object.ts'
import { keyOf, makeKey } from './object-key.ts'

/** The values under which an object is found; an empty list leaves it out of the index. */
export type IndexFunction<T> = (object: T) => readonly string[]

/** Read access to a cache. Objects are frozen and shared: copy before changing. */
export interface Lister<T extends KubeObject> {
  get(namespace: string, name: string): T | undefined
  getByKey(key: string): T | undefined
  /** Objects of one namespace, or of all if it is undefined. In no particular order. */
  list(namespace?: string): readonly T[]
  /** Uses an index made with `addIndex`; throws if there is none with this name. */
  byIndex(index: string, value: string): readonly T[]
}

const namespaceIndex = 'namespace'

export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, { readonly valuesOf: IndexFunction<T>; readonly keys: Map<string, Set<string>> }>()

  constructor() {
    this.addIndex(namespaceIndex, ({ metadata: { namespace } }) => (namespace === undefined ? [] : [namespace]))
  }

  get size(): number {
    return this.#objects.size
  }

  /** Adding an existing index does nothing, because several controllers may need the same one. */
  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return
    const index = { valuesOf, keys: new Map<string, Set<string>>() }
    this.#indexes.set(name, index)
    for (const [key, object] of this.#objects) insert(index.keys, valuesOf(object), key)
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(makeKey(namespace, name))
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(namespaceIndex, namespace)
  }

  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name)
    if (index === undefined) throw new Error(`Cannot read index "${name}": it was never added`)
    const found: T[] = []
    for (const key of index.keys.get(value) ?? []) {
      const object = this.#objects.get(key)
      if (object !== undefined) found.push(object)
    }
    return found
  }

  keys(): Iterable<string> {
    return this.#objects.keys()
  }

  /** Returns the previous object. */
  set(object: T): T | undefined {
    const key = keyOf(object)
    const old = this.#objects.get(key)
    this.#objects.set(key, object)
    for (const { valuesOf, keys } of this.#indexes.values()) {
      if (old !== undefined) remove(keys, valuesOf(old), key)
      insert(keys, valuesOf(object), key)
    }
    return old
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key)
    if (old === undefined) return undefined
    this.#objects.delete(key)
    for (const { valuesOf, keys } of this.#indexes.values()) remove(keys, valuesOf(old), key)
    return old
  }
}

function insert(keys: Map<string, Set<string>>, values: readonly string[], key: string): void {
  for (const value of values) {
    const set = keys.get(value)
    if (set === undefined) keys.set(value, new Set([key]))
    else set.add(key)
  }
}

function remove(keys: Map<string, Set<string>>, values: readonly string[], key: string): void {
  for (const value of values) {
    const set = keys.get(value)
    set?.delete(key)
    if (set?.size === 0) keys.delete(value)
  }
}

export const ownerIndex = 'owner'

/** Index function: the uid of every owner. */
export function ownerUids({ metadata: { ownerReferences } }: KubeObject): readonly string[] {
  return ownerReferences?.map(owner => owner.uid) ?? []
}

export const labelIndex = (label: string): { readonly name: string; readonly valuesOf: IndexFunction<KubeObject> } => ({
  name: `label:${label}`,
  valuesOf: ({ metadata: { labels } }) => {
    const value = labels?.[label]
    return value === undefined ? [] : [value]
  },
})
