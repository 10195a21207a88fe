// watch: the changes of a collection as they become durable, each framed once for all watchers.
import { demandedFieldValue } from '../../api/field-selector.ts'
import { ApiError, badRequest, expired } from '../../api/status.ts'
import { type Entry, RevisionCompacted, RevisionInFuture, type Store, type Watch, type Watched } from '../../store/store.ts'
import { writeTo } from '../body-parts.ts'
import { streamParts } from '../chunked-body.ts'
import { convertedChanges } from '../custom-resources/converted-changes.ts'
import type { EntryView } from '../entry-view.ts'
import type { BodyStream, Reply, Sink } from '../exchange.ts'
import { listOptions, requiredRevision, tooLargeRevision } from '../list-options.ts'
import type { OpenWatches } from '../open-watches.ts'
import type { ResourceContext } from '../request-context.ts'
import { type RequestSelection, selectionOf } from '../selection.ts'
import { watchOverWebSocket } from '../streams/watch-web-socket.ts'
import { errorFrame, type WatchEvents, watchEvents } from '../watch-events.ts'

export interface WatchParts {
  readonly store: Pick<Store, 'revision'>
  readonly openWatches: OpenWatches
  /** Milliseconds that a watch without timeoutSeconds lasts; spread, so that not all clients come back at once. */
  defaultTimeout(): number
}

export function watch(parts: WatchParts, context: ResourceContext): Reply {
  const options = listOptions(context.query)
  const timeoutSeconds = context.query.integer('timeoutSeconds')
  matchSelectedName(context)
  const plan: WatchPlan = {
    selection: selectionOf(context.query, context.served),
    resourceVersion: options.resourceVersion,
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

/** Throws the 400 of a selector that wants another name than the path, or none. */
function matchSelectedName({ info, query }: ResourceContext): void {
  const selector = query.get('fieldSelector') ?? ''
  if (info.name === '' || selector === '' || demandedFieldValue(selector, 'metadata.name') === info.name) return
  throw badRequest("fieldSelector metadata.name doesn't match requested name")
}

interface WatchPlan {
  readonly selection: RequestSelection
  /** As the client wrote it. */
  readonly resourceVersion: string
  readonly from: number
  readonly initial: boolean
  /** A bookmark marks the end of the initial events. */
  readonly announceEnd: boolean
  readonly bookmarks: boolean
  readonly timeout: number
}

/** As long before the end of a watch upstream sends a bookmark. */
const lastBookmarkMs = 2000

/** Resolves at the timeout, at the signal, or when the reader is too slow: always between two events. */
function stream(parts: WatchParts, context: ResourceContext, plan: WatchPlan): BodyStream {
  return async (sink, signal) => {
    const events = watchEvents(context)
    const started = startOrFail(parts, context, plan)
    if (started instanceof ApiError) {
      sink.write(errorFrame(started.status))
      return
    }
    const { watch } = started
    const end = new WatchEnd(plan.timeout, lastBookmarkMs)
    const finish = () => end.now()
    signal.addEventListener('abort', finish, { once: true })
    if (signal.aborted) finish()
    let paused = true
    // A webhook is asked about changes; those that come meanwhile wait in the watch.
    let converting = false
    const resume = () => {
      if (!paused && !converting) watch.resume()
    }
    const write = (chunks: readonly Buffer[]): void => {
      if (writeTo(sink, chunks) || paused) return
      paused = true
      watch.pause()
      sink.drained().then(() => {
        paused = false
        resume()
      }, end.fail)
    }
    // Events wait while the reader or a webhook is behind: a bookmark then would promise that it has seen them.
    const sendBookmark = () => {
      if (!paused && !converting) write([events.bookmark(watch.revision, false)])
    }
    // A conversion that fails ends the watch, with its reason as the last event.
    const failed = (err: unknown) => {
      if (end.isOver) return
      if (err instanceof ApiError) write([errorFrame(err.status)])
      finish()
    }
    const { conversion } = context.served
    // Nobody waits for a conversion any more once the watch has ended. Most watches have none, and there may be thousands.
    const over = conversion === undefined ? undefined : new AbortController()
    const open = { sendBookmark: plan.bookmarks ? sendBookmark : undefined, end: finish, served: context.served }
    parts.openWatches.add(open)
    if (context.served.life.retired) finish()
    if (plan.bookmarks) end.soon(sendBookmark)
    try {
      const { viewed } = plan.selection
      if (conversion) await conversion.prepare(started.entries, signal)
      const initial = viewed === undefined ? started : { ...started, entries: started.entries.filter(viewed) }
      context.served.sent.watchEvents += initial.entries.length
      await sendInitial(events, plan, initial, context.served.view, end.guard(sink), signal)
      paused = false
      watch.onEnd(finish)
      const send = (changes: readonly Watched[]) => {
        if (changes.length === 0) return
        context.served.sent.watchEvents += changes.length
        write(changes.map(change => events.change(change)))
      }
      watch.onEvents(changes => {
        if (conversion === undefined || over === undefined) return send(changes)
        converting = true
        watch.pause()
        convertedChanges(conversion, viewed, changes, AbortSignal.any([signal, over.signal]))
          .then(seen => {
            if (end.isOver) return
            converting = false
            send(seen)
            resume()
          })
          .catch(failed)
      })
      await end.reached
    } catch (err) {
      if (err instanceof ApiError) sink.write(errorFrame(err.status))
      else if (!(err instanceof Ended)) throw err
    } finally {
      over?.abort(new Ended())
      end.clear()
      signal.removeEventListener('abort', finish)
      parts.openWatches.remove(open)
      watch.close()
    }
  }
}

/** What exists, each as an event of its own, held back by the reader; changes meanwhile wait in the watch. */
async function sendInitial(
  events: WatchEvents,
  plan: WatchPlan,
  started: Started,
  view: EntryView,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  const { entries, revision } = started
  const end = plan.announceEnd && plan.bookmarks ? events.bookmark(revision, true) : undefined
  if (entries.length === 0) {
    if (end !== undefined) sink.write(end)
    return
  }
  await streamParts({
    head: addedPrefix,
    separator: addedSeparator,
    count: entries.length,
    computed: events.computed || view.computes(entries),
    part: index => events.initial(entryAt(entries, index)),
    tail: end === undefined ? frameSuffix : Buffer.concat([frameSuffix, end]),
  })(sink, signal)
}

const frameSuffix = Buffer.from('}\n')
const addedPrefix = Buffer.from('{"type":"ADDED","object":')
const addedSeparator = Buffer.concat([frameSuffix, addedPrefix])

function entryAt(entries: readonly Entry[], index: number): Entry {
  const entry = entries[index]
  if (entry === undefined) throw new RangeError(`there is no entry ${index}`)
  return entry
}

/** The time is over while something was still to be sent. */
class Ended extends Error {}

/** When a watch ends, and what has to be done shortly before. */
class WatchEnd {
  readonly reached: Promise<void>
  readonly #resolve: () => void
  readonly fail: (reason: unknown) => void
  readonly #headMs: number
  #timer: NodeJS.Timeout
  #isOver = false
  #before: (() => void) | undefined

  constructor(timeout: number, headMs: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.reached = promise
    this.#resolve = resolve
    this.fail = reject
    this.#headMs = Math.min(headMs, timeout)
    this.#timer = setTimeout(this.#isNear, timeout - this.#headMs)
    this.#timer.unref()
  }

  readonly #isNear = (): void => {
    this.#before?.()
    this.#timer = setTimeout(this.now, this.#headMs)
    this.#timer.unref()
  }

  readonly now = (): void => {
    this.#isOver = true
    this.#resolve()
  }

  /** Nothing may be sent any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  soon(act: () => void): void {
    this.#before = act
  }

  clear(): void {
    clearTimeout(this.#timer)
  }

  /** A sink that takes nothing any more after the end, and waits for no reader either. Throws `Ended`. */
  guard(sink: Sink): Sink {
    const check = () => {
      if (this.#isOver) throw new Ended()
    }
    return {
      write: chunk => {
        check()
        return sink.write(chunk)
      },
      writeAll: chunks => {
        check()
        return writeTo(sink, chunks)
      },
      drained: () => Promise.race([sink.drained(), this.reached]),
    }
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
    ...(plan.selection.stored ? { selection: plan.selection.stored } : {}),
  }
  // Also beside a selection: the right may be for this name only.
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

/** Upstream answers a watch that cannot begin with an event, too: the head is out already. */
function startOrFail(parts: WatchParts, context: ResourceContext, plan: WatchPlan): Started | ApiError {
  try {
    return start(parts, context, plan)
  } catch (err) {
    if (err instanceof RevisionCompacted) return expired(`too old resource version: ${err.requested} (${err.oldest})`)
    if (err instanceof RevisionInFuture) return tooLargeRevision(plan.resourceVersion, err.newest)
    throw err
  }
}
