// Encodes watch events in the negotiated form: the object, a Table, or only its metadata.
import type { Status } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Entry, StoreEvent, Watched } from '../../store/store.ts'
import { metadataBytes, partialFrame } from '../answers/partial-bytes.ts'
import { tableOf } from '../answers/table.ts'
import type { AnswerForm } from '../request/negotiate.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { frame } from '../resource/entry-view.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import { bookmarkMetadata } from './bookmark-metadata.ts'
import { ProtobufEvents } from './protobuf-events.ts'
import type { SharedFrames } from './shared-frames.ts'

export interface WatchEvents {
  /** Whether `initial` computes something beside the view. */
  readonly computed: boolean
  /** The bytes around `initial`. */
  readonly added: { readonly head: Buffer; readonly separator: Buffer; readonly tail: Buffer }
  /** An ADDED event for an existing object, without the bytes around it. */
  initial(entry: Entry): Buffer
  change(watched: Watched): Buffer
  /** A bookmark: everything up to this revision was sent. `initialEnd` marks the end of the initial events. */
  bookmark(revision: number, initialEnd: boolean): Buffer
  error(status: Status): Buffer
}

const suffix = Buffer.from('}\n')
const prefix = Buffer.from('{"type":"ADDED","object":')
const addedInJson: WatchEvents['added'] = { head: prefix, separator: Buffer.concat([suffix, prefix]), tail: suffix }

/** Shared by all watches of a server. */
export interface WatchEventParts {
  readonly frames: SharedFrames
  readonly clock: Pick<Clock, 'now'>
}

/** Must not hold the request, because a watch may last for hours. */
export function watchEvents(parts: WatchEventParts, { served, form, query }: ResourceContext): WatchEvents {
  if (form.encoding === 'protobuf') return new ProtobufEvents(parts.frames, served, form)
  return form.as === 'object' ? new ObjectEvents(served) : new ComputedEvents(parts, served, form, query.get('includeObject'))
}

class ObjectEvents implements WatchEvents {
  readonly computed = false
  readonly added = addedInJson
  readonly error = errorFrame
  readonly #served: ServedResource

  constructor(served: ServedResource) {
    this.#served = served
  }

  initial(entry: Entry): Buffer {
    return this.#served.view.bytes(entry)
  }

  change({ event, type }: Watched): Buffer {
    return this.#served.view.frame(event, type)
  }

  bookmark(revision: number, initialEnd: boolean): Buffer {
    const { definition, apiVersion } = this.#served
    const metadata = bookmarkMetadata(revision, blueprintOf(listOf(this.#served), initialEnd))
    return bookmarkFrame({ kind: definition.kind, apiVersion, metadata })
  }
}

class ComputedEvents implements WatchEvents {
  readonly computed = true
  readonly added = addedInJson
  readonly error = errorFrame
  readonly #parts: WatchEventParts
  readonly #served: ServedResource
  readonly #form: AnswerForm
  readonly #include: string | undefined
  /** Columns are sent only with the first event. */
  #columnsSent = false

  constructor(parts: WatchEventParts, served: ServedResource, form: AnswerForm, include: string | undefined) {
    this.#parts = parts
    this.#served = served
    this.#form = form
    this.#include = include
  }

  initial(entry: Entry): Buffer {
    return this.#shared(entry, '', now => this.#shown(entry, now))
  }

  change({ event, type }: Watched): Buffer {
    return this.#shared(event, type, now => frame(type, this.#shown(event.entryAs(type), now)))
  }

  /** The next frame, from the cache if another watch of the same form has made it. */
  #shared(of: Entry | StoreEvent, type: string, make: (now: number) => Buffer): Buffer {
    const { as, metaVersion } = this.#form
    const { apiVersion } = this.#served
    // Ages have a precision of seconds, and metadata has no ages.
    const now = Math.floor(this.#parts.clock.now() / 1000) * 1000
    const form = as === 'partial' ? [] : [this.#include, this.#columnsSent, now]
    const bytes = this.#parts.frames.get(of, [type, apiVersion, as, metaVersion, ...form].join(' '), () => make(now))
    this.#columnsSent = true
    return bytes
  }

  #shown(entry: Entry, now: number): Buffer {
    const { view } = this.#served
    if (this.#form.as === 'partial') {
      const { prefix, suffix } = partialFrame(this.#form.metaVersion)
      return Buffer.concat([prefix, metadataBytes(view.bytes(entry)), suffix])
    }
    const object = view.object(entry)
    const table = this.#table([object], object.metadata.resourceVersion ?? '', now)
    return Buffer.from(writeJson(this.#columnsSent ? { ...table, columnDefinitions: null } : table))
  }

  bookmark(revision: number, initialEnd: boolean): Buffer {
    const { as, metaVersion } = this.#form
    const listed = as === 'partial' ? { kind: 'PartialObjectMetadataList', apiVersion: metaVersion } : listOf(this.#served)
    const metadata = bookmarkMetadata(revision, blueprintOf(listed, initialEnd))
    const object = { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata }
    if (as === 'partial') return bookmarkFrame(object)
    return bookmarkFrame({ ...this.#table([], metadata.resourceVersion, 0), columnDefinitions: null, rows: [{ cells: [], object }] })
  }

  #table(objects: Parameters<typeof tableOf>[1], resourceVersion: string, now: number) {
    return tableOf(this.#served.definition, objects, this.#include, now, { resourceVersion }, this.#form.metaVersion)
  }
}

interface ListName {
  readonly kind: string
  readonly apiVersion: string
}

const listOf = ({ definition, apiVersion }: ServedResource): ListName => ({ kind: definition.listKind, apiVersion })

/** The empty list, for the bookmark that ends the initial events. */
function blueprintOf(listed: ListName, initialEnd: boolean): Buffer | undefined {
  return initialEnd ? Buffer.from(writeJson({ ...listed, metadata: {}, items: [] })) : undefined
}

function bookmarkFrame(object: unknown): Buffer {
  return frame('BOOKMARK', Buffer.from(writeJson(object)))
}

function errorFrame(status: Status): Buffer {
  return frame('ERROR', Buffer.from(writeJson(status)))
}
