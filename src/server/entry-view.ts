// How the entries of the store look in the version that is served.
import type { KubeObject } from '../api/object.ts'
import type { Entry, EventType, StoreEvent } from '../store/store.ts'

/** How an entry looks in the version that is served. For the stored version all three are the store's own, uncopied. */
export interface EntryView {
  bytes(entry: Entry): Buffer
  /** Frozen. */
  object(entry: Entry): KubeObject
  frame(event: StoreEvent, type: EventType): Buffer
}

export const storedView: EntryView = {
  bytes: entry => entry.bytes,
  object: entry => entry.object,
  frame: (event, type) => event.frame(type),
}

/** Converts once an entry and keeps the outcome as long as the entry lives. */
export function convertedView(fromStored: (object: KubeObject) => KubeObject): EntryView {
  const converted = new WeakMap<Entry, { object: KubeObject; bytes: Buffer }>()
  const of = (entry: Entry) => {
    let found = converted.get(entry)
    if (found === undefined) {
      const object = deepFreeze(fromStored(structuredClone(entry.object)))
      found = { object, bytes: Buffer.from(JSON.stringify(object)) }
      converted.set(entry, found)
    }
    return found
  }
  return {
    bytes: entry => of(entry).bytes,
    object: entry => of(entry).object,
    frame: (event, type) => frame(type, of(event.entryAs(type)).bytes),
  }
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}

const newline = Buffer.from('}\n')

/** A watch event around an object's bytes. */
export function frame(type: EventType | 'BOOKMARK' | 'ERROR', object: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, newline])
}
