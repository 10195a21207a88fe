// The view of a store that other parts of the server get.
import type { KubeObject } from '../api/object.ts'
import type { ObjectChange, StoreView } from '../api/store-view.ts'
import type { Logger } from '../base/log.ts'
import { followChanges } from './follow-changes.ts'
import type { Collection, Entry, Store } from './store.ts'

/** `signal` ends what follows. */
export function createStoreView(store: Store, log: Logger, signal: AbortSignal): StoreView {
  const opened = new Map<string, Collection>()
  const collection = (groupResource: string): Collection => {
    const known = opened.get(groupResource)
    if (known !== undefined) return known
    const found = store.collection({ groupResource })
    opened.set(groupResource, found)
    return found
  }
  return {
    get: (groupResource, namespace, name) => collection(groupResource).get(namespace, name)?.object,
    list: (groupResource, namespace) =>
      collection(groupResource)
        .list(namespace === undefined ? {} : { namespace })
        .entries.map(({ object }) => object),
    *each(groupResource, { namespace, name, where = () => true } = {}) {
      for (const entry of collection(groupResource).list(namespace === undefined ? {} : { namespace }).entries)
        if ((name === undefined || entry.name === name) && where(entry)) yield entry.objectOnce
    },
    follow: (groupResource, listener, { where = () => true, ...some } = {}) =>
      followChanges(
        collection(groupResource),
        { ...some, after: store.revision, signal, log },
        ({ type, event: { entry, previous, byOther } }) => {
          if (where(entry) || (previous !== undefined && where(previous))) listener(new EntryChange(type, entry, byOther))
        },
      ),
  }
}

/** A class, so that its getters are made once and not with each change. */
class EntryChange implements ObjectChange {
  readonly type: ObjectChange['type']
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly byOther: boolean
  readonly #entry: Entry

  constructor(type: ObjectChange['type'], entry: Entry, byOther: boolean) {
    this.type = type
    this.byOther = byOther
    this.namespace = entry.namespace
    this.name = entry.name
    this.revision = entry.revision
    this.#entry = entry
  }

  get object(): KubeObject {
    return this.#entry.object
  }

  get objectAtHand(): KubeObject | undefined {
    return this.#entry.objectAtHand
  }
}
