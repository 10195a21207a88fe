// The one way to follow the store within the server: by entries here, by objects as `StoreView` (store-view.ts), which is built on it.
import type { Logger } from '../base/log.ts'
import type { Collection, Watched, WatchQuery } from './store.ts'

export interface FollowOptions extends Pick<WatchQuery, 'after' | 'namespace' | 'name'> {
  /** Ends it. */
  readonly signal: AbortSignal
  /**
   * For an index: a listener that throws is logged and gets the next change, because one object that it cannot take must not keep it from all that come
   * after. Without a log, the first fault ends the watch: for a reader that must not miss a change.
   */
  readonly log?: Logger
}

/**
 * Passes on each change after the revision `after`, in order and in the turn in which it becomes visible. Waiting events are not limited: an index reads
 * them at once, and one that missed some would stay wrong.
 */
export function followChanges(collection: Collection, { signal, log, ...query }: FollowOptions, listener: (change: Watched) => void): void {
  const watch = collection.watch({ ...query, maxPendingBytes: Number.POSITIVE_INFINITY })
  watch.onEvents(changes => {
    for (const change of changes) {
      try {
        listener(change)
      } catch (err) {
        if (log === undefined) throw err
        const { namespace, name } = change.event.entry
        log.error('index not kept', { resource: collection.groupResource, object: `${namespace}/${name}`, err })
      }
    }
  })
  signal.addEventListener('abort', () => watch.close(), { once: true })
}
