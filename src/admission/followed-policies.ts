// The policies of a kind as they are now: those of the cluster, and those of each namespace.
import type { KubeObject } from '../api/object.ts'
import { followObjects, type StoreView } from '../api/store-view.ts'

export class FollowedPolicies<C extends KubeObject, N extends KubeObject> {
  readonly #cluster: ReadonlyMap<string, C>
  /** By namespace. */
  readonly #own = new Map<string, Map<string, N>>()

  /** The names of the resources with their group. */
  constructor(view: Pick<StoreView, 'list' | 'follow'>, clusterResource: string, namespacedResource: string) {
    this.#cluster = followByName<C>(view, clusterResource)
    followObjects<N>(view, namespacedResource, (namespace, name, policy) => {
      const own = this.#own.get(namespace) ?? new Map<string, N>()
      set(own, name, policy)
      set(this.#own, namespace, own.size === 0 ? undefined : own)
    })
  }

  /** Those of the cluster, then those of the namespace. */
  of(namespace: string): readonly (C | N)[] {
    const own = this.#own.get(namespace)
    return this.#cluster.size === 0 && own === undefined ? [] : [...this.#cluster.values(), ...(own?.values() ?? [])]
  }
}

/** The objects of a resource without namespaces, by name, as they are now. */
export function followByName<T extends KubeObject>(view: Pick<StoreView, 'list' | 'follow'>, resource: string): ReadonlyMap<string, T> {
  const found = new Map<string, T>()
  followObjects<T>(view, resource, (_, name, object) => set(found, name, object))
  return found
}

function set<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
