// Requests that come as HTTP/2 streams.
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Credentials } from '../../access/access.ts'
import type { Logger } from '../../base/log.ts'
import { answerHeaders, hasHeader } from './answer-headers.ts'
import { goesAtOnce, inPieces, writeCorked } from './body-parts.ts'
import { collectBody, declaredLength } from './collect-body.ts'
import type { FinalReply, RequestHeaders, ServerRequest, Sink } from './exchange.ts'
import type { RequestRounds } from './request-rounds.ts'
import { respond } from './respond-http2.ts'
import { dropUnread, unlessClosed } from './unread.ts'
import type { UnreadAnswers } from './unread-answers.ts'

export class Http2Request implements ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: RequestHeaders
  readonly impersonates: boolean
  readonly credentials: Credentials
  readonly #stream: ServerHttp2Stream
  readonly #rounds: RequestRounds
  #signal: AbortSignal | undefined
  #end: StreamEnd | undefined

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    credentials: Credentials,
    rounds: RequestRounds,
  ) {
    this.#stream = stream
    this.#rounds = rounds
    this.method = headers[':method']?.toString() ?? ''
    this.url = headers[':path']?.toString() ?? ''
    const separate = separateImpersonation(headers, rawHeaders)
    this.headers = separate ?? headers
    this.impersonates = separate !== undefined
    this.credentials = credentials
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const controller = new AbortController()
      this.#signal = controller.signal
      this.#end = new StreamEnd(this.#stream, controller, this.#rounds)
    }
    return this.#signal
  }

  end(reason: Error): void {
    if (!this.signal.aborted) this.#end?.end(reason)
  }

  /** The whole answer is handed to the stream, which often closes before it tells that it is finished. */
  answered(): void {
    this.#end?.answered()
  }

  body(limit: number): Promise<Buffer> {
    return collectBody(this.#stream, limit, declaredLength(this.headers))
  }

  stream(): ServerHttp2Stream | undefined {
    return this.#stream.endAfterHeaders ? undefined : this.#stream
  }
}

/**
 * Hears of the end of a stream before its answer. That the stream was written to its end says nothing: Node ends it itself where the client resets it.
 * Holds nothing of the request: a stream, and so its listeners, may outlive it by long.
 */
class StreamEnd {
  #controller: AbortController | undefined

  constructor(stream: ServerHttp2Stream, controller: AbortController, rounds: RequestRounds) {
    this.#controller = controller
    if (stream.destroyed) controller.abort(gone())
    else {
      stream.once('close', () => {
        if (this.#controller !== undefined) rounds.leave(() => this.#controller?.abort(gone()))
      })
    }
  }

  end(reason: Error): void {
    this.#controller?.abort(reason)
  }

  /** Nobody listens any more. */
  answered(): void {
    this.#controller = undefined
  }
}

/** Node joins repeated headers with commas; the values of these may hold some. Undefined where there are none of them. */
function separateImpersonation(headers: IncomingHttpHeaders, raw: readonly string[]): RequestHeaders | undefined {
  let separate: Record<string, string | string[] | undefined> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (!name.startsWith('impersonate-')) continue
    separate ??= { ...headers }
    const value = separate[name]
    separate[name] = Array.isArray(value) ? [...value, raw[i + 1] ?? ''] : [raw[i + 1] ?? '']
  }
  return separate
}

const gone = () => new Error('the client is gone')

/** Statuses that HTTP ends with the head. */
const withoutBody = new Set([204, 205, 304])

/** Sends the answer, which is one of `unread` at its end. Never rejects: a failure in the middle cuts the stream. */
export async function sendHttp2(
  stream: ServerHttp2Stream,
  request: Http2Request,
  reply: FinalReply,
  unread: UnreadAnswers,
  log: Logger,
): Promise<void> {
  if (stream.destroyed || stream.closed) {
    reply.done({ bytes: 0, cut: true })
    return
  }
  const headers = answerHeaders(reply)
  const { body } = reply
  if (typeof body !== 'function') {
    drainUnread(stream)
    const isEmpty = request.method === 'HEAD' || body.length === 0 || withoutBody.has(reply.status)
    if (!isEmpty && !hasHeader(headers, 'content-length')) headers.push('content-length', String(body.length))
    if (isEmpty || goesAtOnce(body)) {
      request.answered()
      respond(stream, reply.status, headers, isEmpty)
      if (!isEmpty) unread.end(stream, body, reply.status === 401)
      // What is left of a body that is too large or too slow is not read.
      if (reply.status === 413 || reply.status === 504) stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
      reply.done({ bytes: body.length, cut: false })
      return
    }
  }
  respond(stream, reply.status, headers)
  const sink = new Http2Sink(stream, request, stallMs(reply))
  try {
    await inPieces(body)(sink, request.signal)
    request.answered()
    if (!stream.destroyed) unread.end(stream)
    reply.done({ bytes: sink.bytes, cut: false })
  } catch (err) {
    if (!request.signal.aborted) log.error('answer cut', { auditID: reply.auditId, err })
    // Destroyed and not closed: a close would send the end of the body before the reset, and the client would take a part for the whole.
    stream.destroy(err instanceof Error ? err : new Error(String(err)))
    reply.done({ bytes: sink.bytes, cut: true })
  }
}

/** A refusal before the body was read: Node would reset the stream behind the answer, and a client that is still sending may lose the answer with it. */
function drainUnread(stream: ServerHttp2Stream): void {
  if (stream.endAfterHeaders || stream.readableFlowing !== null) return
  const close = () => stream.close(constants.NGHTTP2_NO_ERROR)
  dropUnread(stream, close)
  unlessClosed(stream, close)
}

class Http2Sink implements Sink {
  readonly #stream: ServerHttp2Stream
  readonly #request: Http2Request
  readonly #stallMs: number | undefined
  bytes = 0

  constructor(stream: ServerHttp2Stream, request: Http2Request, stall: number | undefined) {
    this.#stream = stream
    this.#request = request
    this.#stallMs = stall
  }

  write(chunk: Buffer): boolean {
    this.bytes += chunk.length
    return this.#stream.destroyed || this.#stream.write(chunk)
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    for (const { length } of chunks) this.bytes += length
    return this.#stream.destroyed || writeCorked(this.#stream, chunks)
  }

  drained(): Promise<void> {
    return untilDrained(this.#stream, this.#request.signal, this.#stallMs)
  }
}

/** How long a client may take for what waits of an answer: it holds a seat meanwhile. Watches and logs hold none and may be read at any pace. */
export const maxStallMs = 60_000

export const stallMs = (reply: FinalReply): number | undefined => (reply.longRunning ? undefined : maxStallMs)

/** Resolves at the next drain; rejects when the client goes away, or has not read what waits within `limitMs`. */
export function untilDrained(
  stream: { once(event: 'drain', listener: () => void): unknown; off(event: 'drain', listener: () => void): unknown },
  signal: AbortSignal,
  limitMs?: number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  if (signal.aborted) return Promise.reject(signal.reason)
  const onDrain = () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    resolve()
  }
  const onAbort = () => {
    clearTimeout(timer)
    stream.off('drain', onDrain)
    reject(signal.reason)
  }
  const onStall = () => {
    stream.off('drain', onDrain)
    signal.removeEventListener('abort', onAbort)
    reject(new Error('the client does not read its answer'))
  }
  const timer = limitMs === undefined ? undefined : setTimeout(onStall, limitMs)
  stream.once('drain', onDrain)
  signal.addEventListener('abort', onAbort, { once: true })
  return promise
}
