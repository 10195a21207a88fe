// The form of the store's entries in a served version.

import type { KubeObject } from '../../api/object.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { deepFreeze } from '../../base/data/freeze.ts'
import { parseExactJson } from '../../base/exact-json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Entry, EventType, StoreEvent } from '../../store/store.ts'

/** The form of an entry in a served version. For the stored version, all three are the store's own, without a copy. */
export interface EntryView {
  bytes(entry: Entry): Buffer
  /** Frozen. */
  object(entry: Entry): KubeObject
  frame(event: StoreEvent, type: EventType): Buffer
  /** Whether bytes or objects of these entries must be computed, so that a long list has to yield. */
  computes(entries: readonly Entry[]): boolean
}

export const storedView: EntryView = {
  bytes: entry => entry.bytes,
  object: entry => entry.object,
  frame: (event, type) => event.frame(type),
  computes: () => false,
}

/** Caches an object as bytes, which take a fifth of its memory, and parses them again if needed. */
export class CachedForm {
  readonly #bytes: Buffer | { read(): Buffer }
  #object: WeakRef<KubeObject>

  /** `of` is the entry that the object was computed from. */
  constructor(object: KubeObject, of: Pick<Entry, 'large'>) {
    const frozen = deepFreeze(object)
    const bytes = Buffer.from(writeJson(frozen))
    this.#bytes = of.large?.hold(bytes) ?? bytes
    this.#object = new WeakRef(frozen)
  }

  get bytes(): Buffer {
    return 'read' in this.#bytes ? this.#bytes.read() : this.#bytes
  }

  get object(): KubeObject {
    const kept = this.#object.deref()
    if (kept !== undefined) return kept
    const object = deepFreeze(parseExactJson(this.bytes.toString()) as KubeObject)
    this.#object = new WeakRef(object)
    return object
  }
}

/** Converts each entry once, and caches the result as long as the entry lives. */
export function convertedView(fromStored: (object: KubeObject) => KubeObject): EntryView {
  return computedView(entry => fromStored(copyJson(entry.object)))
}

/** Like `convertedView`, for functions that do not change the object of the entry. */
export function computedView(objectOf: (entry: Entry) => KubeObject): EntryView {
  const converted = new WeakMap<Entry, CachedForm>()
  const of = (entry: Entry): CachedForm => {
    let found = converted.get(entry)
    if (found === undefined) {
      found = new CachedForm(objectOf(entry), entry)
      converted.set(entry, found)
    }
    return found
  }
  return {
    bytes: entry => of(entry).bytes,
    object: entry => of(entry).object,
    frame: (event, type) => frame(type, of(event.entryAs(type)).bytes),
    computes: () => true,
  }
}

const newline = Buffer.from('}\n')

/** A watch event around an object's bytes. */
export function frame(type: EventType | 'BOOKMARK' | 'ERROR', object: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, newline])
}
