// How the other parts of the server read and follow the store's objects. All of them are durable, and of the stored version.
import type { KubeObject } from './object.ts'

/** The known parts of an object that is not parsed. */
export interface ObjectHead {
  readonly namespace: string
  readonly name: string
  /** Selectable fields by path, including metadata.name and metadata.namespace. */
  readonly fields: Readonly<Record<string, string>>
}

export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly namespace: string
  readonly name: string
  /** Revisions of one store are ordered like its changes. */
  readonly revision: number
  /** Frozen; the last state of a deleted object. Parsed at first use, so that a listener that needs only the name does not parse it. */
  readonly object: KubeObject
  /** The parsed object if it exists, as after a request that has just made the change. Do not modify it. */
  readonly objectAtHand: KubeObject | undefined
  /** Whether another server made the change: no request of this one stands for it. */
  readonly byOther?: boolean
}

/** All objects of a resource, or some of them. */
export interface ObjectSelection {
  readonly namespace?: string
  readonly name?: string
  /** Called before parsing; for a change, with the state before it too. */
  where?(head: ObjectHead): boolean
}

export interface StoreView {
  /** Frozen. */
  get(groupResource: string, namespace: string, name: string): KubeObject | undefined
  /** Frozen. */
  list(groupResource: string, namespace?: string): readonly KubeObject[]
  /** One by one, not frozen and not to be kept: of many objects, only one is in memory at a time. */
  each(groupResource: string, selection?: ObjectSelection): Iterable<KubeObject>
  /**
   * Delivers every change that becomes visible after the call, in order and in the same turn of the event loop, so that the next request is
   * decided by the new state. A listener that throws is logged and gets the next change.
   */
  follow(groupResource: string, listener: (change: ObjectChange) => void, selection?: ObjectSelection): void
}

export type StoreReader = Pick<StoreView, 'get' | 'list'>

/** Calls back with every existing object, and with each later change; `undefined` for a deleted one. */
export function followObjects<T extends KubeObject>(
  view: Pick<StoreView, 'list' | 'follow'>,
  groupResource: string,
  listener: (namespace: string, name: string, object: T | undefined) => void,
): void {
  // The resource's own schema decoded its objects, so they have its type.
  for (const object of view.list(groupResource)) listener(object.metadata.namespace ?? '', object.metadata.name ?? '', object as T)
  view.follow(groupResource, ({ type, namespace, name, object }) =>
    listener(namespace, name, type === 'DELETED' ? undefined : (object as T)),
  )
}
