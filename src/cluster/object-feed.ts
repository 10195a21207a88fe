// The store as a feed of objects and changes, for the indexes of admission.
import type { ObjectChange, ObjectFeed } from '../admission/object-feed.ts'
import type { KubeObject } from '../api/object.ts'
import type { Logger } from '../base/log.ts'
import { followChanges } from '../store/follow-changes.ts'
import type { Entry, Store } from '../store/store.ts'
import { clusterReader } from './access-sources.ts'

/** `served` says which resources there are; `signal` ends the watches. */
export function objectFeed(store: Store, served: (groupResource: string) => boolean, log: Logger, signal: AbortSignal): ObjectFeed {
  const collection = (groupResource: string) => store.collection({ groupResource })
  const reader = clusterReader(store)
  return {
    get revision() {
      return store.revision
    },
    serves: served,
    get: (groupResource, namespace, name) => reader.get(groupResource, namespace, name),
    list: (groupResource, namespace) => reader.list(groupResource, namespace),
    *each(groupResource, namespace) {
      for (const entry of collection(groupResource).list({ namespace }).entries) yield entry.objectOnce
    },
    count(groupResource, namespace) {
      // Whoever names what is not served must not have a collection opened for it.
      if (!served(groupResource)) return 0
      const { entries, remaining = 0 } = collection(groupResource).list({ namespace, limit: 1 })
      return entries.length + remaining
    },
    storedBytes: (namespace, kind) => store.contents.of(namespace, kind),
    followStoredBytes: listener => store.contents.onChange(listener),
    follow: (groupResource, listener) =>
      followChanges(collection(groupResource), { after: store.revision, signal }, ({ type, event: { entry } }) => {
        try {
          listener(new EntryChange(type, entry))
        } catch (err) {
          // One object that an index cannot take must not keep it from all that come after.
          log.error('index not kept', { resource: groupResource, object: `${entry.namespace}/${entry.name}`, err })
        }
      }),
  }
}

/** A class, so that its getters are made once and not with each change. */
class EntryChange implements ObjectChange {
  readonly type: ObjectChange['type']
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly #entry: Entry

  constructor(type: ObjectChange['type'], entry: Entry) {
    this.type = type
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
