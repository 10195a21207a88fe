// Fills the watch caches from the log when a store is opened.
import type { CommitQueue } from '../commit-queue.ts'
import { StoredEntry } from '../entry.ts'
import { keyOf } from '../ordered-slots.ts'
import { forEachRecord, type PackedRecords, type PlainRecord, recordPlaces } from '../records/record.ts'
import { RecordDamaged } from '../records/seal.ts'
import type { WatchCache } from '../watch-cache.ts'
import type { LogKeeper } from './log-keeper.ts'

export class Loader {
  readonly #queue: CommitQueue
  readonly #keeper: LogKeeper
  readonly #floor: number
  #last: WatchCache | undefined

  constructor(queue: CommitQueue, keeper: LogKeeper, floor: number) {
    this.#queue = queue
    this.#keeper = keeper
    this.#floor = floor
  }

  /** Records come in revision order. Throws `RecordDamaged`. */
  add(records: PackedRecords): void {
    const { large } = this.#queue
    const hasLarge = large !== undefined && [...recordPlaces(records.keys)].some(({ length }) => length >= large.fromBytes)
    // Bytes are views of the packed memory, which stays as long as one of them does: next to a large object, each gets memory of its own.
    const own = (bytes: Buffer): Buffer => (hasLarge ? copyOf(bytes) : bytes)
    forEachRecord(records, record => this.#addRecord(record, own(record.bytes)))
  }

  #addRecord({ revision, previous, deleted, header }: PlainRecord, bytes: Buffer): void {
    const { groupResource, namespace, name, labels, extraFields, at, fieldsVersion } = header
    const cache = this.#cache(groupResource)
    const entry = new StoredEntry({ namespace, name, revision, bytes, labels, extraFields, large: this.#queue.large })
    const id = keyOf(namespace, name)
    if (revision <= this.#floor) {
      cache.loadState(id, deleted ? undefined : entry, fieldsVersion)
      return
    }
    const found = cache.loadChange(id, entry, { previous, deleted, at, fieldsVersion })
    if (found !== previous) {
      const gap = `revision ${previous} of ${groupResource} "${id}" is missing (found ${found === 0 ? 'none' : found} before ${revision})`
      throw new RecordDamaged(`The store is damaged: ${gap}`)
    }
    this.#keeper.mark(revision, at, bytes.length)
  }

  /** Neighbours in the log are often of the same resource. */
  #cache(groupResource: string): WatchCache {
    if (this.#last?.groupResource !== groupResource) this.#last = this.#queue.cache(groupResource)
    return this.#last
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
