// Fills the watch caches from the log when a store is opened.
import type { CommitQueue } from '../commit-queue.ts'
import { StoredEntry } from '../entry.ts'
import { keyOf } from '../ordered-slots.ts'
import type { WatchCache } from '../watch-cache.ts'
import { DataKeys } from './data-keys.ts'
import type { LogKeeper } from './log-keeper.ts'
import { forEachRecord, type PackedRecords, type PlainRecord } from './record.ts'
import { RecordDamaged } from './seal.ts'
import type { UnwrappedKey } from './writer-protocol.ts'

export class Loader {
  readonly #queue: CommitQueue
  readonly #keeper: LogKeeper
  readonly #floor: number
  readonly #keys = new DataKeys()
  #last: WatchCache | undefined

  constructor(queue: CommitQueue, keeper: LogKeeper, floor: number, keys: readonly UnwrappedKey[]) {
    this.#queue = queue
    this.#keeper = keeper
    this.#floor = floor
    for (const { id, key } of keys) this.#keys.add(id, key)
  }

  /** Records come in revision order, sealed or open. Throws `RecordDamaged`. */
  add(records: PackedRecords): void {
    this.#keys.open(records)
    forEachRecord(records, record => this.#addRecord(record))
  }

  #addRecord({ revision, previous, deleted, header, bytes }: PlainRecord): void {
    const { groupResource, namespace, name, labels, extraFields, at, fieldsVersion } = header
    const cache = this.#cache(groupResource)
    const entry = new StoredEntry({ namespace, name, revision, bytes, labels, extraFields })
    const id = keyOf(namespace, name)
    if (revision <= this.#floor) {
      cache.loadState(id, deleted ? undefined : entry, fieldsVersion)
      return
    }
    const found = cache.loadChange(id, entry, { previous, deleted, at, fieldsVersion })
    if (found !== previous) {
      const gap = `revision ${previous} of ${groupResource} "${id}" is missing (found ${found === 0 ? 'none' : found} before ${revision})`
      throw new RecordDamaged(`The store is damaged: ${gap}. Restore the data directory from a backup`)
    }
    this.#keeper.mark(revision, at)
  }

  /** Neighbours in the log are often of one resource. */
  #cache(groupResource: string): WatchCache {
    if (this.#last?.groupResource !== groupResource) this.#last = this.#queue.cache(groupResource)
    return this.#last
  }
}
