// A store in memory with given content, as if it had been loaded: for a server that shows what a backup holds.
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { CommitQueue } from './commit-queue.ts'
import { StoredEntry } from './entry.ts'
import type { MemoryStoreOptions } from './memory.ts'
import { keyOf } from './ordered-slots.ts'
import { noFields, type RestoredObject } from './restored-object.ts'
import type { Store } from './store.ts'

/** `revision` is that of the newest object at least. */
export function openRestoredMemory(objects: Iterable<RestoredObject>, revision: number, options: MemoryStoreOptions = {}): Store {
  const queue = new CommitQueue({ clock: systemClock, log: silentLogger, ...options, revision, oldestRevision: revision })
  for (const { groupResource, labels, ...parts } of objects) {
    const entry = new StoredEntry({ ...parts, labels, extraFields: undefined })
    queue.cache(groupResource).loadState(keyOf(parts.namespace, parts.name), entry, noFields)
  }
  queue.loaded(revision)
  return queue
}
