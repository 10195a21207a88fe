// Every change of a collection, for those who keep an index of it within the server.
import type { Collection, Watched, WatchQuery } from './store.ts'

/**
 * Hands over each change after the revision `after`, in order and in the turn in which it becomes
 * visible, until the signal. What waits is not bounded: an index takes changes as they come, and one that missed some would be wrong for ever.
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
