// One version of one object in memory: its bytes, what selections need, and the parsed object while it is in use.

import type { KubeObject } from '../api/object.ts'
import { deepFreeze } from '../base/data/freeze.ts'
import { parseExactJson } from '../base/exact-json.ts'
import { encodeObject } from './encode-object.ts'
import type { LargeBytes, LargeObjects } from './large/large-objects.ts'
import { type Holder, RecentObjects } from './recent-objects.ts'
import type { CollectionOptions, Entry, EventType } from './store.ts'

type StringMap = Readonly<Record<string, string>>

const noLabels: StringMap = Object.freeze({})

/** The content of a version. `labels` and `fields` are separate, so that selection needs no parsing. */
export interface EntryParts {
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly bytes: Buffer
  readonly labels: StringMap | undefined
  /** Selectable fields other than metadata.name and metadata.namespace. */
  readonly extraFields: StringMap | undefined
  /** The parsed object if available. */
  readonly object?: KubeObject
  /** The store of large objects; undefined if all stay in memory. */
  readonly large?: LargeObjects | undefined
}

export class StoredEntry implements Entry, Holder {
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly labels: StringMap
  readonly byteLength: number
  readonly #bytes: Buffer | undefined
  /** Replaces the bytes of a large object. */
  readonly #largeBytes: LargeBytes | undefined
  #extraFields: StringMap | undefined
  #fields: StringMap | undefined
  #object: KubeObject | undefined

  constructor(parts: EntryParts) {
    this.namespace = parts.namespace
    this.name = parts.name
    this.revision = parts.revision
    const { bytes, large } = parts
    this.byteLength = bytes.length
    if (large !== undefined && bytes.length >= large.fromBytes) this.#largeBytes = large.hold(bytes)
    else this.#bytes = bytes
    this.labels = parts.labels ?? noLabels
    this.#extraFields = parts.extraFields
    if (parts.object !== undefined) this.#hold(parts.object)
  }

  get bytes(): Buffer {
    return this.#bytes ?? this.#readLarge()
  }

  /** The store of large objects if this is one: then nothing else should keep its bytes. */
  get large(): LargeObjects | undefined {
    return this.#largeBytes?.owner
  }

  get extraFields(): StringMap | undefined {
    return this.#extraFields
  }

  /** For records whose fields were computed by another version of `fieldsOf`; called before the entry is used. */
  computeFields(fieldsOf: CollectionOptions['fieldsOf']): void {
    this.#extraFields = fieldsOf?.(this.object)
    this.#fields = undefined
  }

  get fields(): StringMap {
    this.#fields ??= Object.freeze({ ...this.#extraFields, 'metadata.name': this.name, 'metadata.namespace': this.namespace })
    return this.#fields
  }

  get object(): KubeObject {
    const object = deepFreeze(this.objectOnce)
    if (this.#object === undefined) this.#hold(object)
    return object
  }

  get objectOnce(): KubeObject {
    return this.#object ?? (parseExactJson(this.bytes.toString('utf8')) as KubeObject)
  }

  get objectAtHand(): KubeObject | undefined {
    return this.#object
  }

  /** The object of an entry that becomes visible: who follows it needs it now, and others may have displaced it meanwhile. */
  remember(object: KubeObject): void {
    if (this.#object === undefined) this.#hold(object)
  }

  #readLarge(): Buffer {
    if (this.#largeBytes === undefined) throw new Error('An entry has no bytes')
    return this.#largeBytes.read()
  }

  forget(): void {
    this.#object = undefined
  }

  #hold(object: KubeObject): void {
    this.#object = object
    recentObjects.add(this)
  }
}

/**
 * Recently used objects are likely to be used again; keeping more parsed objects would take several times the memory of the bytes. One per
 * process, whose memory it limits. It is small, so that most objects die young: 512 KiB make a flood of pods 10 % slower, and 2 MiB or weak
 * references cost 50 to 90 MiB of resident memory. With 64 KiB, objects are parsed again before their commit has notified all readers, which
 * makes that flood 10 % slower too.
 */
const recentObjects = new RecentObjects(256 * 1024)

/** The value of an own property: labels and fields are user data, so `constructor` must not resolve to the prototype. */
export function ownValue(map: StringMap, key: string): string | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

const framePrefixes: Readonly<Record<EventType, string>> = {
  ADDED: '{"type":"ADDED","object":',
  MODIFIED: '{"type":"MODIFIED","object":',
  DELETED: '{"type":"DELETED","object":',
}
const frameSuffix = '}\n'

/** Encodes an object once, as a watch frame that contains the object's bytes, so the frame of the event needs no second copy. */
export function encode(type: EventType, object: KubeObject): { readonly frame: Buffer; readonly bytes: Buffer } {
  const prefix = framePrefixes[type]
  const frame = bufferOf(prefix + encodeObject(object) + frameSuffix)
  return { frame, bytes: frame.subarray(prefix.length, frame.length - frameSuffix.length) }
}

/** A separate buffer: a slice of Node's 64 KiB pool would keep its neighbours alive as long as this object. */
export function bufferOf(text: string): Buffer {
  const buffer = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  buffer.write(text)
  return buffer
}

/** `{"type":…,"object":…}\n` around encoded bytes. */
export function frameOf(type: EventType, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(framePrefixes[type]), bytes, Buffer.from(frameSuffix)])
}

/** A shallow copy with another resourceVersion; the rest is shared with the original. */
export function withRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}
