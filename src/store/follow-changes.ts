// Follows every change of a collection, for indexes within the server.
import type { Collection, Watched, WatchQuery } from './store.ts'

/**
 * Passes on each change after the revision `after`, in order and in the turn in which it becomes visible, until the signal. Waiting events
 * are not limited: an index reads them at once, and one that missed some would stay wrong.
 */
export function followChanges(
  collection: Collection,
  { signal, ...query }: Pick<WatchQuery, 'after' | 'namespace' | 'name'> & { readonly signal: AbortSignal },
  listener: (change: Watched) => void,
): void {
  const watch = collection.watch({ ...query, maxPendingBytes: Number.POSITIVE_INFINITY })
  watch.onEvents(changes => {
    for (const change of changes) listener(change)
  })
  signal.addEventListener('abort', () => watch.close(), { once: true })
}
