// Requests over HTTP/2 and their responses.

import type { Readable } from 'node:stream'
import type { Credentials } from '../../access/access.ts'
import { systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Http2Stream } from '../http2/stream.ts'
import { errorCode } from '../http2/wire/frames.ts'
import { answerHeaders, hasHeader } from './answer-headers.ts'
import { fitsOneWrite, inPieces } from './body-parts.ts'
import { bodyTerms } from './collect-body.ts'
import { stallMs, untilDrained } from './drained.ts'
import type { FinalReply, RequestHeaders, ServerRequest, Sink } from './exchange.ts'
import type { ConnectionQueue, RequestRounds } from './request-rounds.ts'
import { responseDate } from './response-date.ts'

export class Http2Request implements ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: RequestHeaders
  readonly impersonates: boolean
  readonly credentials: Credentials
  readonly #stream: Http2Stream
  readonly #rounds: RequestRounds
  readonly #waiting: ConnectionQueue
  #controller: AbortController | undefined

  /** `waiting` are the requests of its connection that wait for their round. */
  constructor(stream: Http2Stream, credentials: Credentials, rounds: RequestRounds, waiting: ConnectionQueue = []) {
    const { method, path, headers, impersonates } = stream.head
    this.method = method
    this.url = path
    this.headers = headers
    this.impersonates = impersonates
    this.credentials = credentials
    this.#stream = stream
    this.#rounds = rounds
    this.#waiting = waiting
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      if (this.#stream.isClosed) controller.abort(gone())
      else this.#stream.onClose(() => this.#rounds.leave(() => controller.abort(gone())))
    }
    return this.#controller.signal
  }

  end(reason: Error): void {
    // Creates the signal if nobody has used it yet, so that later users find it aborted.
    if (!this.signal.aborted) this.#controller?.abort(reason)
  }

  /** The whole response was handed over: a client that disconnects now is not reported. */
  answered(): void {
    this.#stream.onClose(undefined)
  }

  get isWhole(): boolean {
    return this.#stream.requestEnded
  }

  get mostBodyBytes(): number {
    return this.#stream.mostBodyBytes
  }

  nextRound(): Promise<void> {
    return new Promise(resolve => this.#rounds.begin(this.#waiting, resolve))
  }

  body(limit: number): Promise<Buffer> {
    // A body that is refused for its length need not be sent.
    const isWanted = !this.#stream.requestEnded && (this.#stream.head.contentLength ?? 0) <= limit
    if (isWanted && this.headers['expect'] === '100-continue') this.#stream.respond(100, [], false)
    return this.#stream.collect(limit, bodyTerms)
  }

  stream(): Readable | undefined {
    return this.#stream.pass(bodyTerms)
  }
}

const gone = () => new Error('the client is gone')

/** Statuses without a body. */
const withoutBody = new Set([204, 205, 304])

/** Sends the response. Never rejects: an error in the middle resets the stream. */
export async function sendHttp2(stream: Http2Stream, request: Http2Request, reply: FinalReply, log: Logger): Promise<void> {
  if (stream.isClosed) {
    reply.done({ bytes: 0, cut: true })
    return
  }
  let sink: Http2Sink | undefined
  try {
    if (sendAtOnce(stream, request, reply)) return
    sink = new Http2Sink(stream, request, stallMs(reply))
    await inPieces(reply.body)(sink, request.signal)
  } catch (err) {
    if (!request.signal.aborted) log.error('answer cut', { auditID: reply.auditId, err })
    // Without the end of the body, so that no client takes a part for the whole.
    stream.reset(errorCode.internalError)
    reply.done({ bytes: sink?.bytes ?? 0, cut: true })
    return
  }
  request.answered()
  // Writes after the end of a stream are ignored.
  const cut = stream.isClosed
  stream.end()
  reply.done({ bytes: sink.bytes, cut })
}

/** False if only the head was sent and the body follows. Throws if a header is not valid. */
function sendAtOnce(stream: Http2Stream, request: Http2Request, reply: FinalReply): boolean {
  const headers = answerHeaders(reply)
  // The date of a backend is kept.
  if (!hasHeader(headers, 'date')) headers.push('date', responseDate(systemClock.now()))
  const { body, status } = reply
  const isStream = typeof body === 'function'
  const isEmpty = request.method === 'HEAD' || withoutBody.has(status) || (!isStream && body.length === 0)
  if (!isEmpty && !isStream && !hasHeader(headers, 'content-length')) headers.push('content-length', String(body.length))
  if (!isEmpty && !fitsOneWrite(body)) {
    stream.respond(status, headers, false)
    return false
  }
  request.answered()
  stream.respond(status, headers, isEmpty)
  if (!isEmpty && !isStream) {
    const parts = Buffer.isBuffer(body) ? [body] : body.parts
    if (status === 401) stream.endRefusal(parts)
    else stream.end(parts)
  }
  // The rest of a body that is too large or too slow is not read.
  if ((status === 413 || status === 504) && stream.isAnswered) stream.reset(errorCode.noError)
  reply.done({ bytes: isStream ? 0 : body.length, cut: false })
  return true
}

class Http2Sink implements Sink {
  readonly #stream: Http2Stream
  readonly #request: Http2Request
  readonly #stallMs: number | undefined
  bytes = 0

  constructor(stream: Http2Stream, request: Http2Request, stall: number | undefined) {
    this.#stream = stream
    this.#request = request
    this.#stallMs = stall
  }

  write(chunk: Buffer): boolean {
    this.bytes += chunk.length
    return this.#stream.write([chunk])
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    for (const { length } of chunks) this.bytes += length
    return this.#stream.write(chunks)
  }

  drained(): Promise<void> {
    return untilDrained(listener => this.#stream.onDrain(listener), this.#request.signal, this.#stallMs)
  }
}
