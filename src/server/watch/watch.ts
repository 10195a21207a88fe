// The verb watch: the changes of a collection as they become durable, each encoded once for all watches.
import { requiredFieldValue } from '../../api/selectors/field-selector.ts'
import { ApiError, badRequest, expired } from '../../api/status.ts'
import { type Entry, RevisionCompacted, RevisionInFuture, type Store, type Watch } from '../../store/store.ts'
import type { BodyStream, Reply } from '../http/exchange.ts'
import { protobufType } from '../protobuf/envelope.ts'
import type { CheckOrigin } from '../proxy/streams/own-origin.ts'
import type { StreamMemory } from '../proxy/streams/stream-memory.ts'
import { listOptions, requiredRevision, tooLargeRevision } from '../request/list-options.ts'
import type { ResourceContext } from '../request/request-context.ts'
import type { ResourceRequestInfo } from '../request/request-info.ts'
import { type RequestSelection, selectionOf } from '../request/selection.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import type { OpenWatches } from './open-watches.ts'
import { RunningWatch } from './running-watch.ts'
import { type WatchEventParts, type WatchEvents, watchEvents } from './watch-events.ts'
import { watchOverWebSocket } from './watch-web-socket.ts'

export interface WatchParts extends WatchEventParts {
  readonly store: Pick<Store, 'revision'>
  readonly openWatches: OpenWatches
  readonly checkOrigin: CheckOrigin
  readonly memory: StreamMemory
  /** Milliseconds of a watch without timeoutSeconds; randomized, so that clients do not all reconnect at once. */
  defaultTimeout(): number
}

export function watch(parts: WatchParts, context: ResourceContext): Reply {
  const options = listOptions(context.query)
  const timeoutSeconds = context.query.integer('timeoutSeconds')
  matchSelectedName(context)
  const plan: WatchPlan = {
    served: context.served,
    events: watchEvents(parts, context),
    info: context.info,
    selection: selectionOf(context.query, context.served),
    resourceVersion: options.resourceVersion,
    from: requiredRevision(options.resourceVersion),
    // Without a revision, and from "0", a watch begins with the existing objects.
    initial: options.sendInitialEvents ?? (options.resourceVersion === '' || options.resourceVersion === '0'),
    announceEnd: options.sendInitialEvents === true,
    wantsBookmarks: context.query.flag('allowWatchBookmarks'),
    timeout: timeoutSeconds !== undefined && timeoutSeconds > 0 ? timeoutSeconds * 1000 : parts.defaultTimeout(),
  }
  const body = stream(parts, plan)
  const { encoding } = context.form
  if (context.request.upgrade === 'websocket') {
    parts.checkOrigin(context.request)
    return watchOverWebSocket(context.request, parts.memory.open(context.user, context.info.namespace), body, encoding)
  }
  return {
    status: 200,
    contentType: encoding === 'protobuf' ? `${protobufType};stream=watch` : 'application/json',
    longRunning: true,
    reportsBegin: true,
    body,
  }
}

/** Throws a 400 if the selector requires another name than the path, or none. */
function matchSelectedName({ info, query }: ResourceContext): void {
  const selector = query.get('fieldSelector') ?? ''
  if (info.name === '' || selector === '' || requiredFieldValue(selector, 'metadata.name') === info.name) return
  throw badRequest("fieldSelector metadata.name doesn't match requested name")
}

interface WatchPlan {
  readonly served: ServedResource
  readonly events: WatchEvents
  readonly info: ResourceRequestInfo
  readonly selection: RequestSelection
  /** As the client wrote it. */
  readonly resourceVersion: string
  readonly from: number
  readonly initial: boolean
  readonly announceEnd: boolean
  readonly wantsBookmarks: boolean
  readonly timeout: number
}

/** Must not hold the request's context or the initial objects, because a watch may last for hours. */
function stream(parts: WatchParts, plan: WatchPlan): BodyStream {
  const { served, events, wantsBookmarks, timeout, announceEnd } = plan
  return async (sink, signal, begun) => {
    const started = startOrFail(parts, plan)
    if (started instanceof ApiError) {
      begun?.()
      sink.write(events.error(started.status))
      return
    }
    const { watch, entries, revision } = started
    const initial = { entries, revision, announceEnd }
    const { viewed } = plan.selection
    return new RunningWatch({ served, events, watch, initial, viewed, wantsBookmarks, timeout, sink, signal, begun }).run(parts.openWatches)
  }
}

interface Started {
  readonly watch: Watch
  readonly entries: readonly Entry[]
  readonly revision: number
}

function start(parts: WatchParts, plan: WatchPlan): Started {
  const { served, info } = plan
  const { collection } = served
  const scope = {
    ...(served.definition.namespaced && info.namespace !== '' ? { namespace: info.namespace } : {}),
    ...(plan.selection.stored ? { selection: plan.selection.stored } : {}),
  }
  // Also in addition to a selection: the user's right may be for this name only.
  const name = info.name === '' ? {} : { name: info.name }
  if (!plan.initial) {
    const after = plan.from === 0 ? parts.store.revision : plan.from
    return { watch: collection.watch({ ...scope, ...name, after }), entries: [], revision: after }
  }
  if (plan.from > parts.store.revision) throw new RevisionInFuture(plan.from, parts.store.revision)
  const { entries, revision } = collection.list(scope)
  return {
    watch: collection.watch({ ...scope, ...name, after: revision }),
    entries: info.name === '' ? entries : entries.filter(entry => entry.name === info.name),
    revision,
  }
}

/** As upstream, a watch that cannot begin sends an ERROR event, because the head is already sent. */
function startOrFail(parts: WatchParts, plan: WatchPlan): Started | ApiError {
  try {
    return start(parts, plan)
  } catch (err) {
    if (err instanceof RevisionCompacted) return expired(`too old resource version: ${err.requested} (${err.oldest})`)
    if (err instanceof RevisionInFuture) return tooLargeRevision(plan.resourceVersion, err.newest)
    throw err
  }
}
