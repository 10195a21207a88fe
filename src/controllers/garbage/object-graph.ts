// All objects of all resources by uid with their dependents, for the garbage collector.
import { groupVersion, type KubeObject, type OwnerReference } from '../../api/object.ts'
import type { Informer } from '../../client/cache/informer.ts'
import { ownerIndex, ownerUids } from '../../client/cache/object-cache.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { type ResourceRef, refName } from '../../client/resource-ref.ts'

/** An object with its resource. */
export interface Node {
  readonly resource: ResourceRef
  readonly object: KubeObject
}

/**
 * Whether a reference in `namespace` matches this owner in all fields. The uid alone does not count: a user who knows one could tie objects to
 * an owner in another namespace.
 */
export function isNamed({ resource, object }: Node, owner: OwnerReference, namespace: string): boolean {
  if (resource.kind !== owner.kind || resource.group !== groupOf(owner.apiVersion)) return false
  return object.metadata.name === owner.name && !isElsewhere({ resource, object }, namespace)
}

/** A namespaced owner must be in the namespace of its dependents. */
export function isElsewhere({ resource, object }: Node, namespace: string): boolean {
  return resource.namespaced && object.metadata.namespace !== namespace
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}

export const apiVersionOf = ({ group, version }: ResourceRef): string => groupVersion(group, version)

interface Monitored {
  readonly resource: ResourceRef
  readonly informer: Informer<KubeObject>
  readonly stop: () => void
}

export class ObjectGraph {
  readonly #monitored = new Map<string, Monitored>()
  readonly #byUid = new Map<string, { readonly resource: string; readonly key: string }>()
  readonly #changed: (node: Node, gone: boolean) => void

  /** `changed` is called after each change of an object. */
  constructor(changed: (node: Node, gone: boolean) => void) {
    this.#changed = changed
  }

  get resources(): readonly ResourceRef[] {
    return [...this.#monitored.values()].map(({ resource }) => resource)
  }

  get informers(): readonly Informer<KubeObject>[] {
    return [...this.#monitored.values()].map(({ informer }) => informer)
  }

  monitors(resource: ResourceRef): boolean {
    return this.#monitored.has(refName(resource))
  }

  monitor(resource: ResourceRef, informer: Informer<KubeObject>): void {
    const name = refName(resource)
    informer.addIndex(ownerIndex, ownerUids)
    const seen = (object: KubeObject) => {
      this.#byUid.set(object.metadata.uid ?? '', { resource: name, key: keyOf(object) })
      this.#changed({ resource, object }, false)
    }
    const stop = informer.onChange({
      add: seen,
      update: seen,
      delete: object => {
        this.#byUid.delete(object.metadata.uid ?? '')
        this.#changed({ resource, object }, true)
      },
    })
    this.#monitored.set(name, { resource, informer, stop })
  }

  /** The resource is no longer served. Its objects are dropped, which does not count as their deletion. */
  drop(resource: ResourceRef): void {
    const name = refName(resource)
    this.#monitored.get(name)?.stop()
    this.#monitored.delete(name)
    for (const [uid, place] of this.#byUid) if (place.resource === name) this.#byUid.delete(uid)
  }

  byUid(uid: string): Node | undefined {
    const place = this.#byUid.get(uid)
    const monitored = place === undefined ? undefined : this.#monitored.get(place.resource)
    const object = place === undefined ? undefined : monitored?.informer.getByKey(place.key)
    return monitored === undefined || object?.metadata.uid !== uid ? undefined : { resource: monitored.resource, object }
  }

  byName(resource: string, key: string): Node | undefined {
    const monitored = this.#monitored.get(resource)
    const object = monitored?.informer.getByKey(key)
    return monitored === undefined || object === undefined ? undefined : { resource: monitored.resource, object }
  }

  dependents(uid: string): Node[] {
    const found: Node[] = []
    for (const { resource, informer } of this.#monitored.values()) {
      for (const object of informer.byIndex(ownerIndex, uid)) found.push({ resource, object })
    }
    return found
  }
}
