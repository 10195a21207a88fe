// One open watch: what it sends, when it waits, and how it ends. A class and not closures, because there may be ten thousand watches.
import { ApiError } from '../../api/status.ts'
import type { Entry, Watch, Watched } from '../../store/store.ts'
import { convertedChanges } from '../custom-resources/converted-changes.ts'
import { writeTo } from '../http/body-parts.ts'
import { streamParts } from '../http/chunked-body.ts'
import type { Sink } from '../http/exchange.ts'
import type { Conversion } from '../resource/conversion.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import type { OpenWatch, OpenWatches } from './open-watches.ts'
import type { WatchEvents } from './watch-events.ts'

export interface RunningWatchParts {
  readonly served: ServedResource
  readonly events: WatchEvents
  /** Closed when the watch ends. */
  readonly watch: Watch
  readonly initial: InitialEvents
  /** The part of the selection that the store cannot evaluate; see `RequestSelection`. */
  readonly viewed: ((entry: Entry) => boolean) | undefined
  readonly wantsBookmarks: boolean
  /** Timeout in milliseconds. */
  readonly timeout: number
  readonly sink: Sink
  readonly signal: AbortSignal
  /** Called when the initial events are sent, or will not be sent. */
  readonly begun: (() => void) | undefined
}

/** The objects that exist when the watch begins. */
export interface InitialEvents {
  readonly entries: readonly Entry[]
  readonly revision: number
  /** Whether a bookmark ends them. */
  readonly announceEnd: boolean
}

/** As upstream, a bookmark is sent this long before the end of a watch. */
const lastBookmarkMs = 2000

export class RunningWatch implements OpenWatch {
  readonly served: ServedResource
  readonly wantsBookmarks: boolean
  readonly #events: WatchEvents
  readonly #watch: Watch
  readonly #viewed: ((entry: Entry) => boolean) | undefined
  readonly #sink: Sink
  readonly #signal: AbortSignal
  readonly #over = Promise.withResolvers<void>()
  /** Released after it is sent: it would hold old versions of all objects. */
  #initial: InitialEvents | undefined
  /** Released after the call: it holds the request. */
  #begun: (() => void) | undefined
  #timer: NodeJS.Timeout
  #isOver = false
  /** Initial events are being sent, or the reader is behind. */
  #paused = true
  /** Set while a webhook converts changes; later changes wait in the watch. */
  #converting: AbortController | undefined

  constructor(parts: RunningWatchParts) {
    this.served = parts.served
    this.wantsBookmarks = parts.wantsBookmarks
    this.#events = parts.events
    this.#watch = parts.watch
    this.#viewed = parts.viewed
    this.#sink = parts.sink
    this.#signal = parts.signal
    this.#initial = parts.initial
    this.#begun = parts.begun
    const lastMs = Math.min(lastBookmarkMs, parts.timeout)
    this.#timer = setTimeout(isNear, parts.timeout - lastMs, this, lastMs)
    this.#timer.unref()
  }

  /** Resolves at the timeout, at the signal, or if the reader is too slow; always between two events. */
  async run(openWatches: OpenWatches): Promise<void> {
    this.#signal.addEventListener('abort', this.#finish, { once: true })
    if (this.#signal.aborted) this.end()
    openWatches.add(this)
    if (this.served.life.retired) this.end()
    try {
      await this.#sendInitial()
      this.#begin()
      this.#paused = false
      this.#watch.onEnd(this.#finish)
      this.#watch.onEvents(this.#take)
      await this.#over.promise
    } catch (err) {
      if (err instanceof ApiError) this.#sink.write(this.#events.error(err.status))
      else if (!(err instanceof Ended)) throw err
    } finally {
      this.#begin()
      this.#isOver = true
      this.#converting?.abort(new Ended())
      clearTimeout(this.#timer)
      this.#signal.removeEventListener('abort', this.#finish)
      openWatches.remove(this)
      this.#watch.close()
    }
  }

  #begin(): void {
    this.#begun?.()
    this.#begun = undefined
  }

  end(): void {
    this.#isOver = true
    this.#over.resolve()
  }

  /** Sends no bookmark while events wait for the reader or a webhook: it would claim that they were sent. */
  sendBookmark(): void {
    if (this.#paused || this.#converting !== undefined) return
    const { revision } = this.#watch
    if (revision !== undefined) this.#write([this.#events.bookmark(revision, false)])
  }

  /** The bookmark shortly before the end. */
  sendLastBookmark(lastMs: number): void {
    if (this.wantsBookmarks) this.sendBookmark()
    this.#timer = setTimeout(finish, lastMs, this)
    this.#timer.unref()
  }

  readonly #finish = (): void => this.end()

  /** Sends existing objects as single events at the speed of the reader; changes wait in the watch. */
  async #sendInitial(): Promise<void> {
    const { served } = this
    const { entries: selected = [], revision = 0, announceEnd = false } = this.#initial ?? {}
    this.#initial = undefined
    if (served.conversion) await served.conversion.prepare(selected, this.#signal)
    const entries = this.#viewed === undefined ? selected : selected.filter(this.#viewed)
    served.sent.watchEvents += entries.length
    const end = announceEnd && this.wantsBookmarks ? this.#events.bookmark(revision, true) : undefined
    const sink = new EndingSink(this.#sink, this.#over.promise, () => this.#isOver)
    if (entries.length === 0) {
      if (end !== undefined) sink.write(end)
      return
    }
    const { head, separator, tail } = this.#events.added
    await streamParts({
      head,
      separator,
      count: entries.length,
      computed: this.#events.computed || served.view.computes(entries),
      sourceBytes: index => entryAt(entries, index).byteLength,
      part: index => this.#events.initial(entryAt(entries, index)),
      tail: end === undefined ? tail : Buffer.concat([tail, end]),
    })(sink, this.#signal)
  }

  readonly #take = (changes: readonly Watched[]): void => {
    const { conversion } = this.served
    if (conversion === undefined) this.#send(changes)
    else this.#convert(conversion, changes)
  }

  #send(changes: readonly Watched[]): void {
    if (changes.length === 0) return
    this.served.sent.watchEvents += changes.length
    this.#write(changes.map(change => this.#events.change(change)))
  }

  /** A failed conversion ends the watch with an ERROR event. */
  #convert(conversion: Conversion, changes: readonly Watched[]): void {
    // After the end of the watch nobody waits for a conversion.
    const converting = new AbortController()
    this.#converting = converting
    this.#watch.pause()
    convertedChanges(conversion, this.#viewed, changes, AbortSignal.any([this.#signal, converting.signal]))
      .then(seen => {
        if (this.#isOver) return
        this.#converting = undefined
        this.#send(seen)
        this.#resume()
      })
      .catch((err: unknown) => {
        if (this.#isOver) return
        if (err instanceof ApiError) this.#write([this.#events.error(err.status)])
        this.end()
      })
  }

  #write(chunks: readonly Buffer[]): void {
    if (writeTo(this.#sink, chunks) || this.#paused) return
    this.#paused = true
    this.#watch.pause()
    this.#sink.drained().then(() => {
      this.#paused = false
      this.#resume()
    }, this.#over.reject)
  }

  #resume(): void {
    if (!this.#paused && this.#converting === undefined) this.#watch.resume()
  }
}

/** The timeout passed while events were still to be sent. */
class Ended extends Error {}

const isNear = (watch: RunningWatch, lastMs: number): void => watch.sendLastBookmark(lastMs)
const finish = (watch: RunningWatch): void => watch.end()

/** After the end it throws `Ended` and neither accepts bytes nor waits for the reader. */
class EndingSink implements Sink {
  readonly #sink: Sink
  readonly #over: Promise<void>
  readonly #isOver: () => boolean

  constructor(sink: Sink, over: Promise<void>, isOver: () => boolean) {
    this.#sink = sink
    this.#over = over
    this.#isOver = isOver
  }

  write(chunk: Buffer): boolean {
    return this.writeAll([chunk])
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    if (this.#isOver()) throw new Ended()
    return writeTo(this.#sink, chunks)
  }

  drained(): Promise<void> {
    return Promise.race([this.#sink.drained(), this.#over])
  }
}

function entryAt(entries: readonly Entry[], index: number): Entry {
  const entry = entries[index]
  if (entry === undefined) throw new RangeError(`there is no entry ${index}`)
  return entry
}
