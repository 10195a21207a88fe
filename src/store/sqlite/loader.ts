// Fills the watch caches from the log when a store is opened.
import type { CommitQueue } from '../commit-queue.ts'
import { StoredEntry } from '../entry.ts'
import { VersionEvent } from '../event.ts'
import { keyOf } from '../ordered-slots.ts'
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
  /** The same few namespaces stand in every record: one string for each. */
  readonly #namespaces = new Map<string, string>()

  constructor(queue: CommitQueue, keeper: LogKeeper, floor: number, keys: readonly UnwrappedKey[]) {
    this.#queue = queue
    this.#keeper = keeper
    this.#floor = floor
    for (const { id, key } of keys) this.#keys.add(id, key)
  }

  /** Records come in revision order, sealed or open. Throws `RecordDamaged`. */
  add(records: PackedRecords): void {
    forEachRecord(this.#keys.open(records), record => this.#addRecord(record))
  }

  #addRecord({ revision, previous, deleted, header, bytes }: PlainRecord): void {
    const { groupResource, name, labels, extraFields, at, fieldsVersion } = header
    const namespace = this.#intern(header.namespace)
    const cache = this.#queue.cache(groupResource)
    const entry = new StoredEntry({ namespace, name, revision, bytes, labels, extraFields })
    const id = keyOf(namespace, name)
    if (revision <= this.#floor) {
      cache.load(id, deleted ? undefined : entry, fieldsVersion)
      return
    }
    const before = cache.get(namespace, name)
    if ((before?.revision ?? 0) !== previous) {
      const gap = `revision ${previous} of ${groupResource} "${id}" is missing (found ${before?.revision ?? 'none'} before ${revision})`
      throw new RecordDamaged(`The store is damaged: ${gap}. Restore the data directory from a backup`)
    }
    const type = deleted ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED'
    cache.load(id, new VersionEvent(type, entry, before, at), fieldsVersion)
    this.#keeper.mark(revision, at)
  }

  #intern(namespace: string): string {
    const known = this.#namespaces.get(namespace)
    if (known !== undefined) return known
    this.#namespaces.set(namespace, namespace)
    return namespace
  }
}
