// The objects of one resource in memory, from which all reads and watches are answered, whatever makes writes durable.
import type { KubeObject } from '../api/object.ts'
import { turn } from '../base/async/turns.ts'
import { encode, StoredEntry, withRevision } from './entry.ts'
import { VersionEvent } from './event.ts'
import { EventWindow, type WindowLimits } from './event-window.ts'
import type { FollowedChange } from './followed-change.ts'
import type { LargeObjects } from './large/large-objects.ts'
import { listPage } from './listing.ts'
import { keyOf, OrderedSlots, type Slot } from './ordered-slots.ts'
import type { WaitingBytes } from './pending-bytes.ts'
import { SelectionIndex } from './selection-index.ts'
import type { Collection, CollectionOptions, Entry, ListQuery, ListResult, Watch, WatchQuery, WriteRequest } from './store.ts'
import { maxObjectBytes, ObjectTooLarge, RevisionCompacted, RevisionInFuture, StoreFull, WriteConflict } from './store.ts'
import { type StoredBytes, storedSize } from './stored-bytes.ts'
import { Watcher, type WatcherOwner } from './watcher.ts'
import { WatcherIndex } from './watcher-index.ts'
import type { WindowBudget } from './window-budget.ts'

/** A decided write: it has its revision and bytes, and waits to become durable. */
export interface DecidedWrite {
  readonly cache: WatchCache
  readonly key: string
  readonly type: VersionEvent['type']
  readonly entry: StoredEntry
  readonly previous: StoredEntry | undefined
  readonly frame: Buffer
  /** What the entry's bytes stand for: its author still has it. */
  readonly object: KubeObject
}

/** What the log knows of a change besides its entry. */
export interface LoadedChange {
  /** The revision that it replaced; 0 if the object did not exist. */
  readonly previous: number
  readonly deleted: boolean
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /** The version of `fieldsOf` with which the entry's fields were computed. */
  readonly fieldsVersion: number
}

/** What a cache needs from its store. */
export interface CacheOwner {
  readonly revision: number
  /** The newest revision whose events were offered to every watcher of every resource. */
  readonly publishedRevision: number
  /** Why the store accepts no writes, if it does not. */
  readonly refusal: Error | undefined
  /** Whether another server has written since the start. */
  readonly hasFollowed: boolean
  /** The revision of the next committed write. */
  readonly nextRevision: number
  readonly contents: StoredBytes
  readonly maxStoredBytes: number
  /** Undefined if all objects stay in memory. */
  readonly large: LargeObjects | undefined
  readonly past: WindowBudget
  readonly waiting: WaitingBytes
  /** Takes the next revision and queues the write; resolves when it is durable and visible. */
  commit(write: DecidedWrite, request: WriteRequest): Promise<Entry>
  /** What replaces a decided version that was decided again; throws `WriteConflict` if it was refused then. */
  current(entry: Entry | undefined): Entry | undefined
  listenerFailed(err: unknown): void
}

const nothingChanged: ReadonlyMap<string, StoredEntry | undefined> = new Map()

export class WatchCache implements Collection, WatcherOwner {
  readonly groupResource: string
  fieldsVersion = 0
  readonly #owner: CacheOwner
  #fieldsOf: CollectionOptions['fieldsOf']
  readonly #slots = new Map<string, Slot>()
  readonly #order = new OrderedSlots()
  #bytes = 0
  readonly #bytesByNamespace = new Map<string, number>()
  readonly #index = new SelectionIndex(this.#slots)
  readonly #window: EventWindow
  readonly #watchers = new WatcherIndex()
  /** The newest decided version by key until it is durable; undefined for a deletion. */
  readonly #pending = new Map<string, { readonly revision: number; readonly entry: StoredEntry | undefined }>()

  /** The versions of `fieldsOf` with which loaded records were written. */
  readonly #loadedFieldsVersions = new Set<number>()

  constructor(groupResource: string, owner: CacheOwner, start: number, limits: WindowLimits) {
    this.groupResource = groupResource
    this.#owner = owner
    this.#window = new EventWindow(start, limits, owner.past)
  }

  /** Called when the resource is declared; records may have been loaded before. */
  configure(options: CollectionOptions): void {
    // A caller that opens the collection again only for reading passes no fields: the known options stay.
    const { fieldsOf, fieldsVersion } = options
    if (fieldsOf) this.#fieldsOf = object => fieldsOf(object)
    if (fieldsVersion !== undefined) this.fieldsVersion = fieldsVersion
    if ([...this.#loadedFieldsVersions].some(version => version !== this.fieldsVersion)) this.#computeFields()
    this.#loadedFieldsVersions.clear()
    for (const path of options.indexedFields ?? []) this.#index.addField(path)
  }

  get size(): number {
    return this.#slots.size
  }

  bytesIn(namespace: string): number {
    return namespace === '' ? this.#bytes : (this.#bytesByNamespace.get(namespace) ?? 0)
  }

  get watchers(): number {
    return this.#watchers.size
  }

  get oldestRevision(): number {
    return this.#window.start
  }

  forgetPast(): void {
    this.#window.clear(this.#owner.revision)
  }

  get(namespace: string, name: string): StoredEntry | undefined {
    return this.#slots.get(keyOf(namespace, name))?.entry
  }

  newest(namespace: string, name: string): StoredEntry | undefined {
    return this.#newest(keyOf(namespace, name))
  }

  list(query: ListQuery): ListResult {
    const newest = this.#owner.revision
    const revision = query.revision ?? newest
    if (revision > newest) throw new RevisionInFuture(revision, newest)
    const then = revision === newest ? nothingChanged : this.#window.changesSince(revision)
    return { revision, ...listPage({ slots: this.#slots, order: this.#order, index: this.#index, then }, query) }
  }

  watch(query: WatchQuery): Watch {
    if (query.after < this.#window.start) throw new RevisionCompacted(query.after, this.#window.start)
    const watcher = new Watcher(query, this)
    watcher.replay(this.#window.after(query.after))
    this.#watchers.add(watcher)
    return watcher
  }

  get publishedRevision(): number {
    return this.#owner.publishedRevision
  }

  get waiting(): WaitingBytes {
    return this.#owner.waiting
  }

  closed(watcher: Watcher): void {
    this.#watchers.remove(watcher)
  }

  listenerFailed(err: unknown): void {
    this.#owner.listenerFailed(err)
  }

  write(request: WriteRequest): Promise<Entry> {
    const { refusal } = this.#owner
    if (refusal !== undefined) throw refusal
    const write = this.#admitted(request)
    const done = this.#owner.commit(write, request)
    this.#await(write)
    return done
  }

  /** Decides a waiting write on a newer state. Throws as `write`. */
  decideAgain(request: WriteRequest): DecidedWrite {
    const write = this.#admitted(request)
    this.#await(write)
    return write
  }

  #admitted(request: WriteRequest): DecidedWrite {
    if (this.#owner.hasFollowed) request.recheck?.()
    const write = this.#decide(request)
    const growth = growthOf(write)
    this.#admit(request, write, growth)
    this.#owner.contents.decide(this.groupResource, request.namespace, growth)
    return write
  }

  #await({ key, type, entry }: DecidedWrite): void {
    this.#pending.set(key, { revision: entry.revision, entry: type === 'DELETED' ? undefined : entry })
  }

  /** Compares with the newest version, stamps and encodes. Has no effect on the store, so it may throw anywhere. */
  #decide({ namespace, name, expected, object }: WriteRequest): DecidedWrite {
    const key = keyOf(namespace, name)
    const newest = this.#newest(key)
    if (newest?.revision !== this.#owner.current(expected)?.revision) throw new WriteConflict(newest, this.#owner.hasFollowed)
    const revision = this.#owner.nextRevision
    const stamped = object === undefined || Object.isFrozen(object) ? withRevision(object ?? lastObject(newest), revision) : object
    stamped.metadata.resourceVersion = String(revision)
    const type = object === undefined ? 'DELETED' : newest === undefined ? 'ADDED' : 'MODIFIED'
    const { frame, bytes } = encode(type, stamped)
    if (bytes.length > maxObjectBytes && type !== 'DELETED' && grows(stamped, bytes, newest)) throw new ObjectTooLarge(bytes.length)
    const labels = stamped.metadata.labels
    const { large } = this.#owner
    const entry = new StoredEntry({
      namespace,
      name,
      revision,
      bytes,
      labels,
      extraFields: this.#fieldsOf?.(stamped),
      object: stamped,
      large,
    })
    return { cache: this, key, type, entry, previous: newest, frame, object: stamped }
  }

  /** Objects can be deleted and made smaller even if everything is full. */
  #admit({ object, admit, usesReserve }: WriteRequest, { entry, previous }: DecidedWrite, growth: number): void {
    if (object === undefined || marksDeleted(object, previous)) return
    admit?.({ bytes: storedSize(entry), growth })
    const { contents, maxStoredBytes } = this.#owner
    const bound = usesReserve === true ? maxStoredBytes * reserveFactor : maxStoredBytes
    if (growth > 0 && contents.total + growth > bound) throw new StoreFull(contents.total, maxStoredBytes)
  }

  /** Drops a decided write that will not become durable. */
  abandonPending(): void {
    this.#pending.clear()
  }

  /** Makes a durable event the newest state. `publish` notifies watchers later, when the whole group is visible. */
  apply(key: string, event: VersionEvent): void {
    const { entry, previous, type } = event
    this.#place(key, this.#slots.get(key), type === 'DELETED' ? undefined : entry)
    this.#owner.contents.show(this.groupResource, entry.namespace, growthOf({ entry, previous, type }))
    this.#window.push(event)
    if (this.#pending.get(key)?.revision === event.revision) this.#pending.delete(key)
  }

  /** Loads a state from before the window from the log. */
  loadState(key: string, entry: StoredEntry | undefined, fieldsVersion: number): void {
    this.#loadedFieldsVersions.add(fieldsVersion)
    this.#load(key, this.#slots.get(key), entry)
  }

  /**
   * Loads a change inside the window from the log. Returns the revision that it found, 0 for none; if that is not `previous`, it changes
   * nothing.
   */
  loadChange(key: string, entry: StoredEntry, { previous, deleted, at, fieldsVersion }: LoadedChange): number {
    const slot = this.#slots.get(key)
    const before = slot?.entry
    const found = before?.revision ?? 0
    if (found !== previous) return found
    this.#loadedFieldsVersions.add(fieldsVersion)
    this.#load(key, slot, deleted ? undefined : entry)
    this.#window.push(new VersionEvent(deleted ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED', entry, before, at))
    return found
  }

  /** Makes a change of another server the newest state; `publish` notifies watchers later. Throws if it does not follow what is here. */
  follow(key: string, { revision, previous, deleted, header, bytes, at }: FollowedChange): VersionEvent {
    const before = this.#slots.get(key)?.entry
    if ((before?.revision ?? 0) !== previous || (deleted && before === undefined))
      throw new Error(`Revision ${previous} of ${this.groupResource} "${key}" is missing (found ${before?.revision ?? 'none'})`)
    const { large, contents } = this.#owner
    const { namespace, name } = header
    let entry: StoredEntry
    if (deleted) {
      const last = encode('DELETED', withRevision(lastObject(before), revision))
      entry = new StoredEntry({
        namespace,
        name,
        revision,
        bytes: last.bytes,
        labels: before?.labels,
        extraFields: before?.extraFields,
        large,
      })
    } else {
      entry = new StoredEntry({ namespace, name, revision, bytes, labels: header.labels, extraFields: header.extraFields, large })
      this.#loadedFieldsVersions.add(header.fieldsVersion)
      if (header.fieldsVersion !== this.fieldsVersion && this.#fieldsOf !== undefined) entry.computeFields(this.#fieldsOf)
    }
    const event = new VersionEvent(deleted ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED', entry, before, at)
    event.byOther = true
    this.#place(key, this.#slots.get(key), deleted ? undefined : entry)
    contents.follow(this.groupResource, namespace, storedSize(deleted ? undefined : entry) - storedSize(before))
    this.#window.push(event)
    return event
  }

  publish(events: readonly VersionEvent[]): void {
    if (this.#watchers.size === 0) return
    const touched = new Set<Watcher>()
    for (const event of events) {
      this.#watchers.visit(event, watcher => {
        if (watcher.offer(event)) touched.add(watcher)
      })
    }
    if (touched.size <= flushesPerTurn) for (const watcher of touched) watcher.flush()
    else void flushInTurns([...touched])
  }

  endWatches(reason: string): void {
    for (const watcher of [...this.#watchers]) watcher.end(reason)
  }

  #computeFields(): void {
    for (const { entry } of this.#slots.values()) entry.computeFields(this.#fieldsOf)
    for (const { entry, previous } of this.#window.after(this.#window.start)) {
      entry.computeFields(this.#fieldsOf)
      previous?.computeFields(this.#fieldsOf)
    }
  }

  #newest(key: string): StoredEntry | undefined {
    const pending = this.#pending.size > 0 ? this.#pending.get(key) : undefined
    if (pending !== undefined) return pending.entry
    return this.#slots.get(key)?.entry
  }

  #load(key: string, slot: Slot | undefined, entry: StoredEntry | undefined): void {
    const namespace = (entry ?? slot?.entry)?.namespace ?? ''
    this.#owner.contents.load(this.groupResource, namespace, storedSize(entry) - storedSize(slot?.entry))
    this.#place(key, slot, entry)
  }

  #countBytes(namespace: string, growth: number): void {
    this.#bytes += growth
    const bytes = (this.#bytesByNamespace.get(namespace) ?? 0) + growth
    if (bytes === 0) this.#bytesByNamespace.delete(namespace)
    else this.#bytesByNamespace.set(namespace, bytes)
  }

  /** `slot` is the slot of the key, if it has one. */
  #place(key: string, slot: Slot | undefined, entry: StoredEntry | undefined): void {
    this.#countBytes((entry ?? slot?.entry)?.namespace ?? '', (entry?.byteLength ?? 0) - (slot?.entry.byteLength ?? 0))
    if (slot === undefined) {
      if (entry === undefined) return
      const added: Slot = { key, entry }
      this.#slots.set(key, added)
      this.#order.insert(added)
      this.#index.update(added, undefined, entry)
      return
    }
    this.#index.update(slot, slot.entry, entry)
    if (entry !== undefined) {
      slot.entry = entry
      return
    }
    this.#slots.delete(key)
    this.#order.remove(key)
  }
}

/** Writing to a stream takes about 15 µs, so this many take about 4 ms of the event loop. */
const flushesPerTurn = 256

/** Events that come meanwhile wait in their watcher and go with the others. */
async function flushInTurns(watchers: readonly Watcher[]): Promise<void> {
  for (const [index, watcher] of watchers.entries()) {
    if (index > 0 && index % flushesPerTurn === 0) await turn()
    watcher.flush()
  }
}

/** The cluster's own writes may exceed the limit of the store by this factor. */
const reserveFactor = 1.125

function growthOf({ entry, previous, type }: Pick<DecidedWrite, 'entry' | 'previous' | 'type'>): number {
  return storedSize(type === 'DELETED' ? undefined : entry) - storedSize(previous)
}

/** An object that is already too large may shrink, and any object can be deleted. */
function grows(object: KubeObject, bytes: Buffer, before: StoredEntry | undefined): boolean {
  return before === undefined || (!marksDeleted(object, before) && bytes.length > before.byteLength)
}

function marksDeleted({ metadata }: KubeObject, before: StoredEntry | undefined): boolean {
  return metadata.deletionTimestamp !== undefined && before !== undefined && before.object.metadata.deletionTimestamp === undefined
}

function lastObject(newest: StoredEntry | undefined): KubeObject {
  if (newest === undefined) throw new WriteConflict(undefined)
  return newest.object
}
