// Versioned objects with watch: the interface through which the server reads and writes, independent of where bytes are stored.
import type { KubeObject } from '../api/object.ts'

/**
 * One version of one object. Immutable and shared: all readers and watchers get the same entry. `bytes` is the canonical JSON of the object
 * in its stored version, with apiVersion, kind and metadata.resourceVersion: the answer to GET.
 */
export interface Entry {
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly bytes: Buffer
  /** Number of bytes, without reading them. */
  readonly byteLength: number
  readonly labels: Readonly<Record<string, string>>
  /** Selectable fields by path, including metadata.name and metadata.namespace. */
  readonly fields: Readonly<Record<string, string>>
  /** Parsed on use and deeply frozen; cached only for a while, so keep it instead of calling twice. Copy before changing. */
  readonly object: KubeObject
  /**
   * The parsed object if it is already there, else undefined. It may not be frozen, but must not be changed. For callers that can do
   * without it.
   */
  readonly objectAtHand: KubeObject | undefined
  /** The parsed object for a single use, as in a pass over many objects: it is neither frozen nor cached. Must not be changed. */
  readonly objectOnce: KubeObject
  /** For a large object: where data derived from it is kept too. Undefined for others, which may all stay in memory. */
  readonly large?: { hold(bytes: Buffer): { read(): Buffer } } | undefined
}

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One change. For DELETED `entry` is the last state, with the revision of the deletion as its resourceVersion. */
export interface StoreEvent {
  readonly type: EventType
  readonly entry: Entry
  /** The version before; undefined for ADDED. */
  readonly previous: Entry | undefined
  /** Whether another server made the change. */
  readonly byOther: boolean
  /**
   * The entry that a watcher of this type gets: for DELETED through a selection the previous state at this event's revision, else `entry`.
   */
  entryAs(type: EventType): Entry
  /**
   * `{"type":…,"object":…}\n`, created once per version and type; `type` may differ from the event's own if the object enters or leaves a
   * selection.
   */
  frame(type: EventType): Buffer
}

/** What the store must know of a resource to keep and index its objects. */
export interface CollectionOptions {
  /** For example `pods` or `deployments.apps`. */
  readonly groupResource: string
  /** Selectable fields other than metadata.name and metadata.namespace. */
  fieldsOf?(object: KubeObject): Record<string, string>
  /** Field paths that get an index, such as `spec.nodeName`. */
  readonly indexedFields?: readonly string[]
  /** Field values are stored with the object. Increase this when `fieldsOf` changes, so that stored values are recomputed. Default 0. */
  readonly fieldsVersion?: number
}

/**
 * A predicate on labels and fields. `matches` decides, and must depend only on the entry. `exactLabels`/`exactFields` are pairs that all
 * matches have, so that the store can use an index; without them it is correct but slow.
 */
export interface Selection {
  readonly exactLabels?: readonly (readonly [string, string])[]
  readonly exactFields?: readonly (readonly [string, string])[]
  matches(entry: Entry): boolean
}

export interface ListQuery {
  /** All namespaces if undefined. */
  readonly namespace?: string
  readonly selection?: Selection
  /** At most this many entries; undefined for all. */
  readonly limit?: number
  /** Continue after this key (exclusive). */
  readonly after?: { readonly namespace: string; readonly name: string }
  /**
   * The state at exactly this revision; undefined for the newest. Throws `RevisionCompacted` before the window, `RevisionInFuture` after
   * the newest.
   */
  readonly revision?: number
}

export interface ListResult {
  /** Ordered by the string `namespace/name` (only the name for cluster-scoped objects), like upstream's keys. */
  readonly entries: readonly Entry[]
  /** The revision of this state. */
  readonly revision: number
  /** How many more match after the last entry; undefined if a selection was given. */
  readonly remaining: number | undefined
  readonly more: boolean
}

export interface WatchQuery {
  readonly namespace?: string
  readonly name?: string
  readonly selection?: Selection
  /** Events after this revision, which may be in the future. Throws `RevisionCompacted` if it is outside the window. */
  readonly after: number
  /** Limit of bytes that may wait for a paused reader before the watch is ended. Default 8 MiB; events before the call do not count. */
  readonly maxPendingBytes?: number
}

/** What a watcher gets; with a selection, `type` is the type as seen through it. */
export interface Watched {
  readonly type: EventType
  readonly event: StoreEvent
}

export interface Watch {
  /**
   * Called with events in order, grouped as they became visible. Never called before `watch` and its calling task have ended. A listener
   * that throws ends its watch.
   */
  onEvents(listener: (events: readonly Watched[]) => void): void
  /** The reason if the watch ended by itself: `too slow: …`, `the store closed`. Called once, at once if it has already ended. */
  onEnd(listener: (reason: string) => void): void
  /**
   * The listener got everything for this watch up to this revision: the value for a bookmark. Undefined until the store has reached the
   * start of the watch.
   */
  readonly revision: number | undefined
  /** Back-pressure: holds events until `resume`, up to `maxPendingBytes`. */
  pause(): void
  resume(): void
  close(): void
}

export interface WriteRequest {
  readonly namespace: string
  readonly name: string
  /** The version that the decision is based on, from `newest()`; undefined if no object may exist. */
  readonly expected: Entry | undefined
  /**
   * The new object in its stored version, or undefined to delete. The store stamps metadata.resourceVersion into it, encodes it once and
   * keeps it: the caller must not change it afterwards. The DELETED event shows the object as it was, with the revision of its deletion.
   */
  readonly object: KubeObject | undefined
  /** Called before an object is stored, unless the write only marks it as deleted; throws to refuse the write. */
  admit?(size: WriteSize): void
  /**
   * Called with each decision if other servers write: they may have done so since the request was checked. Throws to refuse the write.
   */
  recheck?(): void
  /** Whether the cluster needs the write to keep working, so that it may use the reserve of the store's limit. */
  readonly usesReserve?: boolean
}

/** In bytes, as `StoredBytes` counts. */
export interface WriteSize {
  readonly bytes: number
  /** Growth over the version before; negative if the object shrinks. */
  readonly growth: number
}

/** The objects of one resource. Reads show durable state and are synchronous: from memory, or from a file for a large object. */
export interface Collection {
  readonly groupResource: string
  get(namespace: string, name: string): Entry | undefined
  /** The newest version, even if it is decided but not yet durable. Only for deciding a write. */
  newest(namespace: string, name: string): Entry | undefined
  list(query: ListQuery): ListResult
  watch(query: WatchQuery): Watch
  /** Number of objects. */
  readonly size: number
  /** Bytes of the objects in the namespace; '' stands for all of them. */
  bytesIn(namespace: string): number
  /** The oldest revision from which a watch can resume and at which a list is possible. */
  readonly oldestRevision: number
  /** Drops all events so far: nobody resumes from them, because the resource is no longer served. Objects and open watches stay. */
  forgetPast(): void
  /**
   * Decides synchronously (compare-and-swap against `newest`). Throws `WriteConflict` if `expected` is not the newest version,
   * `ObjectTooLarge` if the object would grow beyond `maxObjectBytes`, and `StoreFull` if all objects together would grow beyond the
   * store's limit (the last two not for a write that marks the object as deleted). Throws `WriteFailed` if the store accepts no more
   * writes. The promise resolves with the new entry when it is durable and visible, in revision order. It rejects with `WriteFailed`, and,
   * if another server wrote first, with what a decision on the state after that throws.
   */
  write(request: WriteRequest): Promise<Entry>
}

export interface StoreStatus {
  readonly revision: number
  readonly oldestRevision: number
  readonly objects: number
  /** Bytes on disk; 0 in memory. */
  readonly bytes: number
}

/** The sizes of stored and decided objects. */
export interface StoreContents {
  /** Size of everything. */
  readonly total: number
  /** Size of a namespace: its Events (`news`), or all other objects. */
  of(namespace: string, kind?: 'objects' | 'news'): number
  /** Called with each namespace whose visible content has changed. */
  onChange(listener: (namespace: string) => void): void
}

export interface Store extends AsyncDisposable {
  /** Returns the same collection for the same name. Called at start for every resource, and when a custom resource appears. */
  collection(options: CollectionOptions): Collection
  /** All that hold objects or were declared, in no order. */
  collections(): Collection[]
  /** The newest visible revision of the whole store. Each write, including deletions, uses the next one. */
  readonly revision: number
  /** Resolves when everything decided before the call is visible. */
  settled(): Promise<void>
  /**
   * For consistent reads: resolves when everything that any server acknowledged before the call is visible; undefined if it already is.
   * Rejects with `NotFresh` if that cannot be known in time.
   */
  fresh(signal?: AbortSignal): Promise<void> | undefined
  /** Resolves when this revision is visible, or after `maxMs`; undefined if it already is, or no other server writes. */
  reached(revision: number, maxMs: number, signal?: AbortSignal): Promise<void> | undefined
  /** 32 bytes for one purpose that all servers of this store share, and nobody else knows. */
  secretFor(purpose: string): Buffer
  status(): StoreStatus
  readonly contents: StoreContents
  /** Limit of `contents.total`; writes beyond it are refused with `StoreFull`. */
  readonly maxStoredBytes: number
  /** Whether the disk, or etcd, does not respond: decided writes wait for an unknown time. */
  readonly stalled: boolean
  /** Whether other servers may use this store too. */
  readonly isShared: boolean
  /** What does not respond then: `the disk under the store`, or `etcd`. */
  readonly backing: string
  /** What an operator should do so that writes are accepted again, if the store knows it. */
  readonly advice: string | undefined
  /** Whether a write was refused within the last seconds because the disk is full; smaller ones may fit. */
  readonly full: boolean
  /** Called once if the store can no longer accept writes (a failed sync); `write` throws from then on. */
  onFailure(listener: (err: Error) => void): void
}

export class WriteConflict extends Error {
  /** The newest version; undefined if the object does not exist. */
  readonly newest: Entry | undefined
  /** Whether another server may have been faster. */
  readonly byOther: boolean
  constructor(newest: Entry | undefined, byOther = false) {
    super(newest === undefined ? 'object does not exist' : 'object has another version')
    this.name = 'WriteConflict'
    this.newest = newest
    this.byOther = byOther
  }
}

/** Limit of one object as JSON; the default of etcd. */
export const maxObjectBytes = 1.5 * 1024 * 1024

/** The object would be larger than the store allows; nothing was written. */
export class ObjectTooLarge extends Error {
  constructor(bytes: number) {
    super(`the object has ${bytes} bytes, more than ${maxObjectBytes}`)
    this.name = 'ObjectTooLarge'
  }
}

/** All objects together would exceed the store's limit; nothing was written. Deletions and writes that make objects smaller still work. */
export class StoreFull extends Error {
  readonly maxStoredBytes: number
  constructor(total: number, maxStoredBytes: number) {
    super(`the store holds ${total} bytes of at most ${maxStoredBytes}`)
    this.name = 'StoreFull'
    this.maxStoredBytes = maxStoredBytes
  }
}

export class RevisionCompacted extends Error {
  readonly requested: number
  readonly oldest: number
  constructor(requested: number, oldest: number) {
    super(`revision ${requested} is older than the oldest kept revision ${oldest}`)
    this.name = 'RevisionCompacted'
    this.requested = requested
    this.oldest = oldest
  }
}

/** The revision is newer than the store's newest: it is from another store, or invented. */
export class RevisionInFuture extends Error {
  readonly requested: number
  readonly newest: number
  constructor(requested: number, newest: number) {
    super(`revision ${requested} is newer than the newest revision ${newest}`)
    this.name = 'RevisionInFuture'
    this.requested = requested
    this.newest = newest
  }
}

/** Whether other servers have written meanwhile is unknown, because etcd does not answer. */
export class NotFresh extends Error {
  constructor(options?: ErrorOptions) {
    super('etcd does not answer, so the newest state is unknown', options)
    this.name = 'NotFresh'
  }
}

/**
 * A write was not acknowledged. With `retriable` it is not stored and never will be, and the store still accepts writes (the disk was
 * full). Otherwise the store has stopped, and whether the write exists after a restart is unknown: the caller must read again.
 */
export class WriteFailed extends Error {
  readonly retriable: boolean
  constructor(message: string, options: { readonly retriable: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause })
    this.name = 'WriteFailed'
    this.retriable = options.retriable
  }
}

/** Seals what is written to disk. Bound to key and revision, so that a swapped or replayed record is detected. */
export interface Sealer {
  /** A new random 256-bit data key and its wrapped form (wrapped by the signer's key-encryption key). */
  newDataKey(): Promise<{ readonly id: string; readonly key: Buffer; readonly wrapped: Buffer }>
  unwrapDataKey(wrapped: Buffer): Promise<Buffer>
}
