// One change of one object, framed for watchers at most once per type.
import { writeJson } from '../base/write-json.ts'
import { bufferOf, frameOf, StoredEntry, withRevision } from './entry.ts'
import type { HeldEvent } from './pending-bytes.ts'
import type { EventType, StoreEvent } from './store.ts'

export class VersionEvent implements StoreEvent, HeldEvent {
  readonly type: EventType
  readonly entry: StoredEntry
  readonly previous: StoredEntry | undefined
  /** When it became visible, in milliseconds since the Unix epoch. */
  readonly at: number
  byOther = false
  /** See `HeldEvent`. */
  holders = 0
  #frame: Buffer | undefined
  #otherFrames: Map<EventType, Buffer> | undefined
  /** For a large object, whose bytes are stored elsewhere: shared by concurrent readers. */
  #lentFrames: Map<EventType, WeakRef<Buffer>> | undefined
  #departed: StoredEntry | undefined

  /** `frame` is the frame of the event's own type, if encoding the entry already created it. */
  constructor(type: EventType, entry: StoredEntry, previous: StoredEntry | undefined, at: number, frame?: Buffer) {
    this.type = type
    this.entry = entry
    this.previous = previous
    this.at = at
    if (entry.large === undefined) this.#frame = frame
  }

  get revision(): number {
    return this.entry.revision
  }

  entryAs(type: EventType): StoredEntry {
    if (type !== 'DELETED' || this.type === 'DELETED' || this.previous === undefined) return this.entry
    this.#departed ??= departed(this.previous, this.entry.revision)
    return this.#departed
  }

  frame(type: EventType): Buffer {
    if (this.entry.large !== undefined) return this.#lentFrame(type)
    if (type === this.type) {
      this.#frame ??= frameOf(type, this.entry.bytes)
      return this.#frame
    }
    this.#otherFrames ??= new Map()
    let frame = this.#otherFrames.get(type)
    if (frame === undefined) {
      frame = frameOf(type, this.entryAs(type).bytes)
      this.#otherFrames.set(type, frame)
    }
    return frame
  }

  #lentFrame(type: EventType): Buffer {
    this.#lentFrames ??= new Map()
    const lent = this.#lentFrames.get(type)?.deref()
    if (lent !== undefined) return lent
    const frame = frameOf(type, this.entryAs(type).bytes)
    this.#lentFrames.set(type, new WeakRef(frame))
    return frame
  }
}

/**
 * What a watcher gets when an object leaves its selection: the last visible state, at the revision of the change. As upstream (apiserver
 * pkg/storage/cacher/cache_watcher.go, convertToWatchEvent), it never shows an object outside the selection.
 */
function departed(previous: StoredEntry, revision: number): StoredEntry {
  const { namespace, name, labels, extraFields, large } = previous
  const bytes = bufferOf(writeJson(withRevision(previous.object, revision)))
  return new StoredEntry({ namespace, name, revision, bytes, labels, extraFields, large })
}
