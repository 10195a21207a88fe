// How the events of a watch look in the form that was asked for: the object itself, a Table of it, or only its metadata.
import type { Status } from '../api/status.ts'
import type { Entry, Watched } from '../store/store.ts'
import { frame } from './entry-view.ts'
import { metadataBytes, partialFrame } from './partial-bytes.ts'
import type { ResourceContext } from './request-context.ts'
import { tableOf } from './table.ts'

export interface WatchEvents {
  /** Whether `initial` computes beside what the view does. */
  readonly computed: boolean
  /** The object of an ADDED event for what existed before. */
  initial(entry: Entry): Buffer
  change(watched: Watched): Buffer
  /** Says that everything up to this revision was sent; `initialEnd` marks the end of what existed before. */
  bookmark(revision: number, initialEnd: boolean): Buffer
}

interface BookmarkObject {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: { readonly resourceVersion: string; readonly creationTimestamp: null; readonly annotations?: Record<string, string> }
}

export function watchEvents(context: ResourceContext): WatchEvents {
  const { served, form, query, now } = context
  const { definition, view } = served
  if (form.as === 'object') {
    return {
      computed: false,
      initial: entry => view.bytes(entry),
      change: ({ event, type }) => view.frame(event, type),
      bookmark: (revision, initialEnd) => bookmarkFrame(bookmarkOf(context, revision, initialEnd)),
    }
  }
  const { metaVersion } = form
  const { prefix, suffix } = partialFrame(metaVersion)
  const include = query.get('includeObject')
  // Columns are sent with the first event only.
  let columnsSent = false
  const computed = (entry: Entry): Buffer => {
    if (form.as === 'partial') return Buffer.concat([prefix, metadataBytes(view.bytes(entry)), suffix])
    const object = view.object(entry)
    const table = tableOf(definition, [object], include, now, { resourceVersion: object.metadata.resourceVersion ?? '' }, metaVersion)
    const sent = columnsSent ? { ...table, columnDefinitions: null } : table
    columnsSent = true
    return Buffer.from(JSON.stringify(sent))
  }
  return {
    computed: true,
    initial: computed,
    change: ({ event, type }) => frame(type, computed(event.entryAs(type))),
    bookmark(revision, initialEnd) {
      const { metadata } = bookmarkOf(context, revision, initialEnd)
      const object = { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata }
      if (form.as === 'partial') return bookmarkFrame(object)
      const table = tableOf(definition, [], include, now, { resourceVersion: metadata.resourceVersion }, metaVersion)
      return bookmarkFrame({ ...table, columnDefinitions: null, rows: [{ cells: [], object }] })
    },
  }
}

function bookmarkOf(context: ResourceContext, revision: number, initialEnd: boolean): BookmarkObject {
  const { definition, apiVersion } = context.served
  return {
    kind: definition.kind,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEnd ? { annotations: initialEndAnnotations(context) } : {}),
    },
  }
}

/** A client that lists by a watch puts what came into the empty list; without it client-go lists once more. */
function initialEndAnnotations({ served, form }: ResourceContext): Record<string, string> {
  const [kind, apiVersion] =
    form.as === 'partial' ? ['PartialObjectMetadataList', form.metaVersion] : [served.definition.listKind, served.apiVersion]
  const blueprint = Buffer.from(JSON.stringify({ kind, apiVersion, metadata: {}, items: [] })).toString('base64')
  return { 'k8s.io/initial-events-end': 'true', 'kubernetes.io/initial-events-list-blueprint': blueprint }
}

function bookmarkFrame(object: unknown): Buffer {
  return frame('BOOKMARK', Buffer.from(JSON.stringify(object)))
}

export function errorFrame(status: Status): Buffer {
  return frame('ERROR', Buffer.from(JSON.stringify(status)))
}
