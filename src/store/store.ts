// Versioned objects with watch: the interface that the server reads and writes, whatever keeps the bytes.
import type { KubeObject } from '../api/object.ts'

/**
 * One version of one object. Immutable and shared: the same entry is handed to every reader and watcher.
 * `bytes` is the canonical JSON of the object in its stored version, with apiVersion, kind and metadata.resourceVersion: what GET answers.
 */
export interface Entry {
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly bytes: Buffer
  /** How many these are, without a look at them. */
  readonly byteLength: number
  readonly labels: Readonly<Record<string, string>>
  /** Selectable fields by path, metadata.name and metadata.namespace included. */
  readonly fields: Readonly<Record<string, string>>
  /** Parsed on use and deeply frozen; kept for a while only, so hold on to it instead of asking twice. Copy before changing. */
  readonly object: KubeObject
  /** The same where it is parsed already, not frozen perhaps and not to be changed all the same; else undefined. For those who can do without. */
  readonly objectAtHand: KubeObject | undefined
  /** The same for one look, as a pass over many objects takes it: what is parsed for it is neither frozen nor kept. Not to be changed. */
  readonly objectOnce: KubeObject
  /** Of a large object: where what is made of it is kept, too. Undefined for the others, of which all may stay in memory. */
  readonly large?: { hold(bytes: Buffer): { read(): Buffer } } | undefined
}

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One change. For DELETED `entry` is the last state, with the revision of the deletion as its resourceVersion. */
export interface StoreEvent {
  readonly type: EventType
  readonly entry: Entry
  /** The version before; undefined for ADDED. */
  readonly previous: Entry | undefined
  /** The entry that a watcher of this type is sent: for DELETED through a selection the previous state at this event's revision, else `entry`. */
  entryAs(type: EventType): Entry
  /** `{"type":…,"object":…}\n`, framed once a version and type; `type` may differ from the event's own where a selector begins or ceases to match. */
  frame(type: EventType): Buffer
}

/** What the store must know of a resource to keep and index its objects. */
export interface CollectionOptions {
  /** `pods`, `deployments.apps`. */
  readonly groupResource: string
  /** Selectable fields beside metadata.name and metadata.namespace. */
  fieldsOf?(object: KubeObject): Record<string, string>
  /** Field paths that get an index, such as `spec.nodeName`. */
  readonly indexedFields?: readonly string[]
  /** Field values are stored beside the object. Raise this when `fieldsOf` changes, so that stored values are computed anew. Default 0. */
  readonly fieldsVersion?: number
}

/**
 * A test on labels and fields. `matches` decides, and must depend on the entry alone. `exactLabels`/`exactFields` are pairs that every match
 * has (all of them), so that the store can use an index; leaving them out is right but slow.
 */
export interface Selection {
  readonly exactLabels?: readonly (readonly [string, string])[]
  readonly exactFields?: readonly (readonly [string, string])[]
  matches(entry: Entry): boolean
}

export interface ListQuery {
  /** All namespaces where undefined. */
  readonly namespace?: string
  readonly selection?: Selection
  /** At most this many entries; undefined for all. */
  readonly limit?: number
  /** Continue behind this key (exclusive). */
  readonly after?: { readonly namespace: string; readonly name: string }
  /** The state at exactly this revision; undefined for the newest. Throws `RevisionCompacted` before the window, `RevisionInFuture` behind the newest. */
  readonly revision?: number
}

export interface ListResult {
  /** Ordered by the string `namespace/name` (the name alone for cluster-scoped objects), as upstream's keys are. */
  readonly entries: readonly Entry[]
  /** The revision whose state this is. */
  readonly revision: number
  /** How many more match behind the last entry; undefined when a selection was given. */
  readonly remaining: number | undefined
  readonly more: boolean
}

export interface WatchQuery {
  readonly namespace?: string
  readonly name?: string
  readonly selection?: Selection
  /** Events after this revision, which may lie in the future. Throws `RevisionCompacted` where it is outside the window. */
  readonly after: number
  /** Bytes of objects that may wait for a reader that is paused before the watch is ended. Default 8 MiB; events before the call do not count. */
  readonly maxPendingBytes?: number
}

/** What a watcher is handed; with a selection, `type` is the type as seen through it. */
export interface Watched {
  readonly type: EventType
  readonly event: StoreEvent
}

export interface Watch {
  /**
   * Called with events in order, several at once where they became visible together. Never called before `watch` and the task that called it
   * in are done. A listener that throws ends its watch.
   */
  onEvents(listener: (events: readonly Watched[]) => void): void
  /** Why the watch ended by itself, if it did: `too slow: …`, `the store closed`. Called once, at once where it ended before. */
  onEnd(listener: (reason: string) => void): void
  /**
   * Everything up to here that concerns the watch was handed to the listener: what a bookmark may say. Undefined as long as the store has not come to
   * where the watch begins.
   */
  readonly revision: number | undefined
  /** Back-pressure: keeps events until `resume`, up to `maxPendingBytes`. */
  pause(): void
  resume(): void
  close(): void
}

export interface WriteRequest {
  readonly namespace: string
  readonly name: string
  /** The version that the caller decided upon, from `newest()`; undefined where no object may exist. */
  readonly expected: Entry | undefined
  /**
   * The new object in its stored version, or undefined to delete. The store stamps metadata.resourceVersion into it, encodes it once and
   * keeps it: the caller must not change it afterwards. The DELETED event shows the object as it was, in the revision of its deletion.
   */
  readonly object: KubeObject | undefined
  /** Asked before anything is decided of an object that is to be stored, unless the write but marks it as deleted; throws to refuse the write. */
  admit?(size: WriteSize): void
  /** Whether the cluster needs the write to go on, so that it may use what the store's bound keeps in reserve. */
  readonly usesReserve?: boolean
}

/** In bytes, as `StoredBytes` counts. */
export interface WriteSize {
  readonly bytes: number
  /** By how much the object is larger than the version before; negative where it shrinks. */
  readonly growth: number
}

/** The objects of one resource. Reads show what is durable, and answer in the same turn: from memory, or from a file where a large object is not there. */
export interface Collection {
  readonly groupResource: string
  get(namespace: string, name: string): Entry | undefined
  /** The newest version, also one that is decided but not yet durable. Only for deciding a write. */
  newest(namespace: string, name: string): Entry | undefined
  list(query: ListQuery): ListResult
  watch(query: WatchQuery): Watch
  /** How many objects exist. */
  readonly size: number
  /** The oldest revision that a watch can resume from and a list can be taken at. */
  readonly oldestRevision: number
  /** Drops all events up to now: nobody resumes from them, because the resource is not served any more. Objects and open watches stay. */
  forgetPast(): void
  /**
   * Decides at once (compare-and-swap against `newest`) and throws `WriteConflict` synchronously where `expected` is not the newest,
   * `ObjectTooLarge` where the object would grow beyond `maxObjectBytes`, `StoreFull` where all together would grow beyond the store's bound, neither
   * where that marks it as deleted, and `WriteFailed` where the store accepts no writes any more, so that nobody takes a write for decided that is not.
   * The promise resolves with the new entry when it is durable and visible, in revision order. It rejects with `WriteFailed`.
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

/** The sizes of what is stored and of what is decided. */
export interface StoreContents {
  /** Of everything. */
  readonly total: number
  /** Of what is in a namespace: its Events (`news`), or all the rest. */
  of(namespace: string, kind?: 'objects' | 'news'): number
  /** Called with each namespace of which something else is visible now. */
  onChange(listener: (namespace: string) => void): void
}

export interface Store extends AsyncDisposable {
  /** The same collection for the same name. Called at start for every resource, and when a custom resource appears. */
  collection(options: CollectionOptions): Collection
  /** The newest visible revision of the whole store. Each write, deletions included, takes the next one. */
  readonly revision: number
  /** Resolves when everything decided before the call is visible: what a consistent read waits for. */
  settled(): Promise<void>
  status(): StoreStatus
  readonly contents: StoreContents
  /** What `contents.total` may come to before writes are refused with `StoreFull`. */
  readonly maxStoredBytes: number
  /** Whether the disk does not answer: writes that were decided wait, and nobody knows how long. */
  readonly stalled: boolean
  /** Whether a write was refused within the last seconds because the disk has no room; smaller ones may fit. */
  readonly full: boolean
  /** Called once if the store can no longer accept writes (a failed sync); `write` throws from then on. */
  onFailure(listener: (err: Error) => void): void
}

export class WriteConflict extends Error {
  /** The newest version, undefined where the object does not exist. */
  readonly newest: Entry | undefined
  constructor(newest: Entry | undefined) {
    super(newest === undefined ? 'object does not exist' : 'object has another version')
    this.name = 'WriteConflict'
    this.newest = newest
  }
}

/** Of one object as JSON: what etcd takes by default. */
export const maxObjectBytes = 1.5 * 1024 * 1024

/** The object would be larger than the store keeps one; nothing was written. */
export class ObjectTooLarge extends Error {
  constructor(bytes: number) {
    super(`the object has ${bytes} bytes, more than ${maxObjectBytes}`)
    this.name = 'ObjectTooLarge'
  }
}

/** All objects together would be larger than the store's bound; nothing was written. Deletions and writes that make objects smaller go on. */
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

/** The revision is newer than the store's newest: the caller has it from another store, or made it up. */
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

/**
 * A write was not acknowledged. With `retriable` it is not stored and never will be, and the store still accepts writes (the disk was full).
 * Else the store has stopped, and whether the write is there after a restart is not known: the caller reads again.
 */
export class WriteFailed extends Error {
  readonly retriable: boolean
  constructor(message: string, options: { readonly retriable: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause })
    this.name = 'WriteFailed'
    this.retriable = options.retriable
  }
}

/** Seals what reaches a disk. Bound to key and revision, so that a swapped or replayed record is detected. */
export interface Sealer {
  /** A fresh random 256-bit data key, never one given out before, and its wrapped form (wrapped by the signer's key-encryption key). */
  newDataKey(): Promise<{ readonly id: string; readonly key: Buffer; readonly wrapped: Buffer }>
  unwrapDataKey(wrapped: Buffer): Promise<Buffer>
}
