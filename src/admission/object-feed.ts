// The objects of the cluster with their changes: for plug-ins that keep an index, so that no request has to list.
import type { KubeObject } from '../api/object.ts'

export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly namespace: string
  readonly name: string
  /** Revisions of one store are in the order of its changes. */
  readonly revision: number
  /** Frozen; of a deletion the last state. Parsed on use, so whoever needs no more than the name does not ask. */
  readonly object: KubeObject
  /** The same where it is parsed already: a change that a request has just made costs no second parse. Not to be changed. */
  readonly objectAtHand: KubeObject | undefined
}

/** Supplied by the server from its store; shows what is durable. */
export interface ObjectFeed {
  /** The revision that `list` and `count` show now. */
  readonly revision: number
  /** Whether objects of this resource can exist. */
  serves(groupResource: string): boolean
  get(groupResource: string, namespace: string, name: string): KubeObject | undefined
  list(groupResource: string, namespace?: string): readonly KubeObject[]
  /** The same one after the other, not frozen and not to be kept: of many objects no two are in memory at a time. */
  each(groupResource: string, namespace: string): Iterable<KubeObject>
  count(groupResource: string, namespace: string): number
  /** What the objects of a namespace take, or its Events (`news`): with what is decided and not visible yet. */
  storedBytes(namespace: string, kind?: 'objects' | 'news'): number
  /** Calls back with each namespace of which something else is visible now. */
  followStoredBytes(listener: (namespace: string) => void): void
  /** Every change that becomes visible after the call, in order, in the turn in which it does. */
  follow(groupResource: string, listener: (change: ObjectChange) => void): void
}

/** Calls back with every object that there is, and with each change from then on; `undefined` for one that is gone. */
export function followObjects<T extends KubeObject>(
  feed: ObjectFeed,
  groupResource: string,
  listener: (namespace: string, name: string, object: T | undefined) => void,
): void {
  // The resource's own schema decoded its objects, which makes them of its type.
  for (const object of feed.list(groupResource)) listener(object.metadata.namespace ?? '', object.metadata.name ?? '', object as T)
  feed.follow(groupResource, ({ type, namespace, name, object }) =>
    listener(namespace, name, type === 'DELETED' ? undefined : (object as T)),
  )
}
