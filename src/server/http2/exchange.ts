// Requests that come as HTTP/2 streams, and how they are answered.
import type { Readable } from 'node:stream'
import type { Credentials } from '../../access/access.ts'
import { errorCode } from '../../base/http2/frames.ts'
import type { Logger } from '../../base/log.ts'
import { answerHeaders, hasHeader } from '../transport/answer-headers.ts'
import { goesAtOnce, inPieces } from '../transport/body-parts.ts'
import { stallMs, untilDrained } from '../transport/drained.ts'
import type { FinalReply, RequestHeaders, ServerRequest, Sink } from '../transport/exchange.ts'
import type { RequestRounds } from '../transport/request-rounds.ts'
import type { Http2Stream } from './stream.ts'

export class Http2Request implements ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: RequestHeaders
  readonly impersonates: boolean
  readonly credentials: Credentials
  readonly #stream: Http2Stream
  readonly #rounds: RequestRounds
  #controller: AbortController | undefined

  constructor(stream: Http2Stream, credentials: Credentials, rounds: RequestRounds) {
    const { method, path, headers, impersonates } = stream.head
    this.method = method
    this.url = path
    this.headers = headers
    this.impersonates = impersonates
    this.credentials = credentials
    this.#stream = stream
    this.#rounds = rounds
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
    this.#controller?.abort(reason)
  }

  /** The whole answer is handed over: whoever goes now goes without a word. */
  answered(): void {
    this.#stream.onClose(undefined)
  }

  body(limit: number): Promise<Buffer> {
    if (this.headers['expect'] === '100-continue') this.#stream.respond(100, [], false)
    return this.#stream.collect(limit)
  }

  stream(): Readable | undefined {
    return this.#stream.pass()
  }
}

const gone = () => new Error('the client is gone')

/** Statuses that HTTP ends with the head. */
const withoutBody = new Set([204, 205, 304])

/** Sends the answer. Never rejects: a failure in the middle resets the stream. */
export async function sendHttp2(stream: Http2Stream, request: Http2Request, reply: FinalReply, log: Logger): Promise<void> {
  if (stream.isClosed) {
    reply.done({ bytes: 0, cut: true })
    return
  }
  const headers = answerHeaders(reply)
  const { body } = reply
  if (typeof body !== 'function') {
    const isEmpty = request.method === 'HEAD' || body.length === 0 || withoutBody.has(reply.status)
    if (!isEmpty && !hasHeader(headers, 'content-length')) headers.push('content-length', String(body.length))
    if (isEmpty || goesAtOnce(body)) {
      request.answered()
      stream.respond(reply.status, headers, isEmpty)
      const parts = Buffer.isBuffer(body) ? [body] : body.parts
      if (!isEmpty && reply.status === 401) stream.endRefusal(parts)
      else if (!isEmpty) stream.end(parts)
      // What is left of a body that is too large or too slow is not read.
      if ((reply.status === 413 || reply.status === 504) && stream.isAnswered) stream.reset(errorCode.noError)
      reply.done({ bytes: body.length, cut: false })
      return
    }
  }
  stream.respond(reply.status, headers, false)
  const sink = new Http2Sink(stream, request, stallMs(reply))
  try {
    await inPieces(body)(sink, request.signal)
    request.answered()
    stream.end()
    reply.done({ bytes: sink.bytes, cut: false })
  } catch (err) {
    if (!request.signal.aborted) log.error('answer cut', { auditID: reply.auditId, err })
    // Without an end of the body: a client never takes a part for the whole.
    stream.reset(errorCode.internalError)
    reply.done({ bytes: sink.bytes, cut: true })
  }
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
