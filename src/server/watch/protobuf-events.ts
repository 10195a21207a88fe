// Watch events in protobuf: length-prefixed WatchEvents, each encoded once for all watches.
import type { Status } from '../../api/status.ts'
import type { Entry, Watched } from '../../store/store.ts'
import { type EntryFields, entryFields, valueField } from '../answers/protobuf-form.ts'
import { joined } from '../http/body-parts.ts'
import { envelope, type ProtobufKind, watchFrame } from '../protobuf/envelope.ts'
import type { AnswerForm } from '../request/negotiate.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import { bookmarkMetadata } from './bookmark-metadata.ts'
import type { SharedFrames } from './shared-frames.ts'
import type { WatchEvents } from './watch-events.ts'

const nothing = Buffer.alloc(0)
const unframed: WatchEvents['added'] = { head: nothing, separator: nothing, tail: nothing }

export class ProtobufEvents implements WatchEvents {
  readonly computed = true
  readonly added = unframed
  readonly #frames: SharedFrames
  readonly #fields: EntryFields
  /** Kinds of the events and of the list. */
  readonly #named: { readonly apiVersion: string; readonly kind: string; readonly listKind: string }
  /** Together with the type, everything that a frame depends on beside its event. */
  readonly #form: string

  constructor(frames: SharedFrames, served: ServedResource, form: AnswerForm) {
    this.#frames = frames
    this.#fields = entryFields(served, form)
    const { kind, listKind } = served.definition
    this.#named =
      form.as === 'partial'
        ? { apiVersion: form.metaVersion, kind: 'PartialObjectMetadata', listKind: 'PartialObjectMetadataList' }
        : { apiVersion: served.apiVersion, kind, listKind }
    this.#form = `protobuf ${form.as} ${form.metaVersion} ${served.apiVersion}`
  }

  initial(entry: Entry): Buffer {
    return this.#frame(entry, entry, 'ADDED')
  }

  change({ event, type }: Watched): Buffer {
    return this.#frame(event, event.entryAs(type), type)
  }

  #frame(of: object, entry: Entry, type: string): Buffer {
    const { kind, field } = this.#fields
    return this.#frames.get(of, `${type} ${this.#form}`, () => watchFrame(type, kind, field(entry)))
  }

  bookmark(revision: number, initialEnd: boolean): Buffer {
    const { apiVersion, kind, listKind } = this.#named
    const blueprint = initialEnd ? joined(envelope(...required({ apiVersion, kind: listKind, metadata: {} }))) : undefined
    return watchFrame('BOOKMARK', ...required({ apiVersion, kind, metadata: bookmarkMetadata(revision, blueprint) }))
  }

  error(status: Status): Buffer {
    return watchFrame('ERROR', ...required(status))
  }
}

function required(value: object): [ProtobufKind, Buffer] {
  const found = valueField(value)
  if (found === undefined) throw new Error('what a watch sends has no form in protobuf')
  return [found.kind, found.field]
}
