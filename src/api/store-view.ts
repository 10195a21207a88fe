// The objects of the store as the other parts of the server read and follow them. What is shown is durable; objects are of the stored version.
import type { KubeObject } from './object.ts'

/** What is known of an object without parsing it. */
export interface ObjectHead {
  readonly namespace: string
  readonly name: string
  /** Selectable fields by path, metadata.name and metadata.namespace included. */
  readonly fields: Readonly<Record<string, string>>
}

export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly namespace: string
  readonly name: string
  /** Revisions of one store are in the order of its changes. */
  readonly revision: number
  /** Frozen; of a deletion the last state. Parsed on use: a listener that needs only the name does not read it. */
  readonly object: KubeObject
  /** The same where it is parsed already, as after a request that has just made the change. Not to be changed. */
  readonly objectAtHand: KubeObject | undefined
}

/** All objects of a resource, or some of them. */
export interface ObjectSelection {
  readonly namespace?: string
  readonly name?: string
  /** Asked before anything is parsed; of a change, for the state before it too. */
  where?(head: ObjectHead): boolean
}

export interface StoreView {
  /** Frozen. */
  get(groupResource: string, namespace: string, name: string): KubeObject | undefined
  /** Frozen. */
  list(groupResource: string, namespace?: string): readonly KubeObject[]
  /** One after the other, not frozen and not to be kept: of many objects no two are in memory at a time. */
  each(groupResource: string, selection?: ObjectSelection): Iterable<KubeObject>
  /**
   * Every change that becomes visible after the call, in order and in the turn in which it does, so that the next request is decided by what is there
   * then. A listener that throws is logged and gets the next change.
   */
  follow(groupResource: string, listener: (change: ObjectChange) => void, selection?: ObjectSelection): void
}

export type StoreReader = Pick<StoreView, 'get' | 'list'>

/** Calls back with every object that there is, and with each change from then on; `undefined` for a deleted one. */
export function followObjects<T extends KubeObject>(
  view: Pick<StoreView, 'list' | 'follow'>,
  groupResource: string,
  listener: (namespace: string, name: string, object: T | undefined) => void,
): void {
  // The resource's own schema decoded its objects, which makes them of its type.
  for (const object of view.list(groupResource)) listener(object.metadata.namespace ?? '', object.metadata.name ?? '', object as T)
  view.follow(groupResource, ({ type, namespace, name, object }) =>
    listener(namespace, name, type === 'DELETED' ? undefined : (object as T)),
  )
}
