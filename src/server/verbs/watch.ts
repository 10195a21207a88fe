// watch: the changes of a collection as they become durable, each framed once for all watchers.
import { apiError, type Status } from '../../api/status.ts'
import { type Entry, RevisionCompacted, type Selection, type Store, type Watch, type Watched } from '../../store/store.ts'
import type { Bookmarks } from '../bookmarks.ts'
import type { BodyStream, Reply } from '../exchange.ts'
import { listOptions, requiredRevision } from '../list-options.ts'
import { partialObject } from '../partial-object.ts'
import type { ResourceContext } from '../request-context.ts'
import { selectionOf } from '../selection.ts'
import { frame } from '../served-resource.ts'
import { watchOverWebSocket } from '../streams/watch-web-socket.ts'
import { tableOf } from '../table.ts'

export interface WatchParts {
  readonly store: Pick<Store, 'revision'>
  readonly bookmarks: Bookmarks
  /** Aborts when the server stops: watches end, and clients resume elsewhere. */
  readonly stopped: AbortSignal
  /** Milliseconds that a watch without timeoutSeconds lasts; spread, so that not all clients come back at once. */
  defaultTimeout(): number
}

export function watch(parts: WatchParts, context: ResourceContext): Reply {
  const options = listOptions(context.query, true)
  const timeoutSeconds = context.query.integer('timeoutSeconds')
  const plan: WatchPlan = {
    selection: selectionOf(context.query, context.served),
    from: requiredRevision(options.resourceVersion),
    // Without a revision, and from "0", a watch begins with what exists.
    initial: options.sendInitialEvents ?? (options.resourceVersion === '' || options.resourceVersion === '0'),
    announceEnd: options.sendInitialEvents === true,
    bookmarks: context.query.flag('allowWatchBookmarks'),
    timeout: timeoutSeconds !== undefined && timeoutSeconds > 0 ? timeoutSeconds * 1000 : parts.defaultTimeout(),
  }
  const body = stream(parts, context, plan)
  if (context.request.upgrade === 'websocket') return watchOverWebSocket(context.request, body)
  return {
    status: 200,
    contentType: context.form.yaml ? 'application/yaml;stream=watch' : 'application/json',
    longRunning: true,
    body,
  }
}

interface WatchPlan {
  readonly selection: Selection | undefined
  readonly from: number
  readonly initial: boolean
  /** A bookmark marks the end of the initial events. */
  readonly announceEnd: boolean
  readonly bookmarks: boolean
  readonly timeout: number
}

/** Resolves at the timeout, at the signal, or when the reader is too slow: always between two events. */
function stream(parts: WatchParts, context: ResourceContext, plan: WatchPlan): BodyStream {
  return (sink, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const shape = shapeOf(context)
    let started: Started
    try {
      started = start(parts, context, plan)
    } catch (err) {
      if (!(err instanceof RevisionCompacted)) throw err
      sink.write(errorFrame(tooOld(err)))
      return Promise.resolve()
    }
    const { watch, entries, revision } = started
    const timer = setTimeout(finish, plan.timeout)
    timer.unref()
    signal.addEventListener('abort', finish, { once: true })
    parts.stopped.addEventListener('abort', finish, { once: true })
    if (parts.stopped.aborted) finish()
    let paused = false
    const sendBookmark = () => {
      // Events wait while the reader is behind: a bookmark now would promise that it has seen them.
      if (!paused) write(bookmarkFrame(context, shape, parts.store.revision, false))
    }
    const stopBookmarks = plan.bookmarks ? parts.bookmarks.add(sendBookmark) : undefined

    const initial = entries.map(entry => shape.initial(entry))
    if (plan.announceEnd && plan.bookmarks) initial.push(bookmarkFrame(context, shape, revision, true))
    if (initial.length > 0) write(initial.length === 1 && initial[0] ? initial[0] : Buffer.concat(initial))
    watch.onEvents(events => {
      const [first] = events
      if (first === undefined) return
      write(events.length === 1 ? shape.event(first) : Buffer.concat(events.map(event => shape.event(event))))
    })
    watch.onEnd(() => finish())

    function write(chunk: Buffer): void {
      if (sink.write(chunk)) return
      if (paused) return
      paused = true
      watch.pause()
      sink.drained().then(() => {
        paused = false
        watch.resume()
      }, reject)
    }
    function finish(): void {
      resolve()
    }
    return promise.finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      parts.stopped.removeEventListener('abort', finish)
      stopBookmarks?.()
      watch.close()
    })
  }
}

interface Started {
  readonly watch: Watch
  readonly entries: readonly Entry[]
  readonly revision: number
}

function start(parts: WatchParts, context: ResourceContext, plan: WatchPlan): Started {
  const { served, info } = context
  const { collection } = served
  const scope = {
    ...(served.definition.namespaced && info.namespace !== '' ? { namespace: info.namespace } : {}),
    ...(plan.selection ? { selection: plan.selection } : {}),
  }
  // Also beside a selection: the right may be for this name only.
  const name = info.name === '' ? {} : { name: info.name }
  if (!plan.initial) {
    const after = plan.from === 0 ? parts.store.revision : plan.from
    return { watch: collection.watch({ ...scope, ...name, after }), entries: [], revision: after }
  }
  const { entries, revision } = collection.list(scope)
  return {
    watch: collection.watch({ ...scope, ...name, after: revision }),
    entries: info.name === '' ? entries : entries.filter(entry => entry.name === info.name),
    revision,
  }
}

/** How events look in the form that was asked for. */
interface Shape {
  initial(entry: Entry): Buffer
  event(watched: Watched): Buffer
  bookmark(object: BookmarkObject): unknown
}

interface BookmarkObject {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: { readonly resourceVersion: string; readonly creationTimestamp: null; readonly annotations?: Record<string, string> }
}

function shapeOf(context: ResourceContext): Shape {
  const { served, form, query, now } = context
  const { definition, view } = served
  if (form.as === 'object') {
    return {
      initial: entry => frame('ADDED', view.bytes(entry)),
      event: ({ event, type }) => view.frame(event, type),
      bookmark: object => object,
    }
  }
  const { metaVersion } = form
  const include = query.get('includeObject')
  // Columns are sent with the first event only.
  let columnsSent = false
  const computed = (entry: Entry): Buffer => {
    const object = view.object(entry)
    if (form.as === 'partial') return Buffer.from(JSON.stringify(partialObject(object, metaVersion)))
    const table = tableOf(definition, [object], include, now, { resourceVersion: object.metadata.resourceVersion ?? '' }, metaVersion)
    const sent = columnsSent ? { ...table, columnDefinitions: null } : table
    columnsSent = true
    return Buffer.from(JSON.stringify(sent))
  }
  return {
    initial: entry => frame('ADDED', computed(entry)),
    event: ({ event, type }) => frame(type, computed(event.entryAs(type))),
    bookmark: ({ metadata }) =>
      form.as === 'partial'
        ? { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata }
        : {
            ...tableOf(definition, [], include, now, { resourceVersion: metadata.resourceVersion }, metaVersion),
            columnDefinitions: null,
            rows: [{ cells: [], object: { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata } }],
          },
  }
}

function bookmarkFrame(context: ResourceContext, shape: Shape, revision: number, initialEnd: boolean): Buffer {
  const { definition, apiVersion } = context.served
  const object = shape.bookmark({
    kind: definition.kind,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  })
  return frame('BOOKMARK', Buffer.from(JSON.stringify(object)))
}

function errorFrame(status: Status): Buffer {
  return frame('ERROR', Buffer.from(JSON.stringify(status)))
}

function tooOld(err: RevisionCompacted): Status {
  return apiError(410, 'Expired', `too old resource version: ${err.requested} (${err.oldest})`).status
}
