// Requests over HTTP/1.1 and their responses.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex, Writable } from 'node:stream'
import type { Credentials } from '../../access/access.ts'
import type { Logger } from '../../base/log.ts'
import { STATUS_CODES } from '../../base/net/node-http.ts'
import { answerHeaders, hasHeader } from './answer-headers.ts'
import { endWith, fitsOneWrite, inPieces, joined, writeCorked } from './body-parts.ts'
import { collectBody, declaredLength, endedEarly } from './collect-body.ts'
import { drainsOf, stallMs, untilDrained } from './drained.ts'
import type { FinalReply, RequestHeaders, ServerRequest, Sink, UpgradedConnection } from './exchange.ts'
import type { ConnectionQueue, RequestRounds } from './request-rounds.ts'
import { dropUnread, unlessClosed } from './unread-body.ts'
import { refusalParts, type WireRefusal } from './wire-refusal.ts'

export class Http1Request implements ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: RequestHeaders
  readonly credentials: Credentials
  readonly upgrade?: string
  readonly #message: IncomingMessage
  readonly #rounds: RequestRounds
  readonly #waiting: ConnectionQueue
  readonly #controller = new AbortController()
  #broken: Error | undefined
  #refusal: WireRefusal | undefined

  /** `upgradable`: the connection can be taken over. `waiting` are the requests of its connection that wait for their round. */
  constructor(
    message: IncomingMessage,
    credentials: Credentials,
    rounds: RequestRounds,
    upgradable = false,
    waiting: ConnectionQueue = [],
  ) {
    this.#message = message
    this.#rounds = rounds
    this.#waiting = waiting
    this.method = message.method ?? ''
    this.url = message.url ?? ''
    this.headers = withSeparateImpersonation(message)
    this.credentials = credentials
    const { upgrade } = message.headers
    if (upgradable && upgrade !== undefined) this.upgrade = upgrade.toLowerCase()
    message.socket.once('close', this.#clientGone)
  }

  readonly #clientGone = () => this.#rounds.leave(() => this.#controller.abort(new Error('the client is gone')))

  /** The request is answered. Its connection may serve many more, so it must not keep references to this one. */
  answered(): void {
    this.#message.socket.removeListener('close', this.#clientGone)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  end(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Whether the whole body has arrived. */
  get isWhole(): boolean {
    return this.#message.complete
  }

  /** The refusal that replaces the response, because the body is malformed. */
  get refusal(): WireRefusal | undefined {
    return this.#refusal
  }

  /** No more of the body will arrive. Present and later readers get an error; without a reader, the client gets the refusal. */
  breakBody(cause: Error, refusal: WireRefusal): void {
    this.#broken = cause
    this.#refusal = refusal
    // Destroying the message would destroy the connection, and the response is still outstanding.
    if (this.#message.listenerCount('error') > 0) this.#message.emit('error', cause)
  }

  get mostBodyBytes(): number {
    return declaredLength(this.headers) ?? (this.headers['transfer-encoding'] === undefined ? 0 : Number.POSITIVE_INFINITY)
  }

  nextRound(): Promise<void> {
    return new Promise(resolve => this.#rounds.begin(this.#waiting, resolve))
  }

  body(limit: number): Promise<Buffer> {
    return this.#broken ? Promise.reject(endedEarly(this.#broken)) : collectBody(this.#message, limit, declaredLength(this.headers))
  }

  /** Drops the rest of an unread body; calls `tooMuch` if it is too long or too slow. */
  dropBody(tooMuch: () => void): void {
    dropUnread(this.#message, tooMuch)
    unlessClosed(this.#message, tooMuch)
  }

  stream(): IncomingMessage | undefined {
    const { headers } = this.#message
    return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0' ? undefined : this.#message
  }
}

/** Node joins repeated headers with commas, but the values of these may contain commas. */
function withSeparateImpersonation(message: IncomingMessage): RequestHeaders {
  const { headers, headersDistinct } = message
  let separate: Record<string, string | readonly string[] | undefined> | undefined
  for (const name in headers) {
    if (!name.startsWith('impersonate-')) continue
    separate ??= { ...headers }
    separate[name] = headersDistinct[name]
  }
  return separate ?? headers
}

/** Sends the response. Never rejects: an error in the middle cuts the connection. `end` closes the connection. */
export async function sendHttp1(
  response: ServerResponse,
  request: Http1Request,
  reply: FinalReply,
  end: () => void,
  log: Logger,
): Promise<void> {
  response.once('close', () => request.answered())
  try {
    await send(response, request, reply, end, log)
  } catch (err) {
    // The head is not valid and cannot be sent.
    reply.done({ bytes: 0, cut: true })
    throw err
  }
}

async function send(response: ServerResponse, request: Http1Request, reply: FinalReply, end: () => void, log: Logger): Promise<void> {
  const { refusal } = request
  if (refusal !== undefined && reply.status !== refusal.status) {
    const { text, headers } = refusalParts(refusal)
    response.writeHead(refusal.status, headers).end(text)
    reply.done({ bytes: text.length, cut: true })
    return
  }
  const headers = answerHeaders(reply)
  const { body } = reply
  if (typeof body !== 'function') {
    if (!request.isWhole) request.dropBody(end)
    if (!hasHeader(headers, 'content-length')) headers.push('content-length', String(body.length))
    if (fitsOneWrite(body) || request.method === 'HEAD') {
      response.writeHead(reply.status, headers)
      endWith(response, body)
      reply.done({ bytes: body.length, cut: false })
      return
    }
  }
  response.writeHead(reply.status, headers)
  // The client of a watch waits for the head, not for the first event.
  response.flushHeaders()
  await sendStream(response, body, request, reply, log)
  if (!request.isWhole) request.dropBody(end)
}

/** The end of the stream is the end of the response. */
async function sendStream(
  stream: Writable,
  body: FinalReply['body'],
  request: Http1Request,
  reply: FinalReply,
  log: Logger,
): Promise<void> {
  let bytes = 0
  const sink: Sink = {
    write(chunk) {
      bytes += chunk.length
      return stream.destroyed || stream.write(chunk)
    },
    writeAll(chunks) {
      for (const { length } of chunks) bytes += length
      return stream.destroyed || writeCorked(stream, chunks)
    },
    drained: () => untilDrained(drainsOf(stream), request.signal, stallMs(reply)),
  }
  try {
    await inPieces(body)(sink, request.signal)
    stream.end()
    reply.done({ bytes, cut: false })
  } catch (err) {
    if (!request.signal.aborted) log.error('answer cut', { auditID: reply.auditId, err })
    stream.destroy()
    reply.done({ bytes, cut: true })
  }
}

/** A peer whose machine is gone is detected after this time and nine probes. */
const keepAliveMs = 30_000

/** Hands over the connection, or responds as if no upgrade was requested and closes it. Never rejects. */
export async function answerUpgrade(connection: UpgradedConnection, request: Http1Request, reply: FinalReply, log: Logger): Promise<void> {
  const { socket } = connection
  try {
    if (reply.upgrade) {
      if (socket instanceof Socket) socket.setKeepAlive(true, keepAliveMs)
      await reply.upgrade(connection)
      reply.done({ bytes: 0, cut: false })
    } else await answerWithoutUpgrade(socket, request, reply, log)
  } catch (err) {
    if (!request.signal.aborted) log.error('upgraded connection failed', { auditID: reply.auditId, err })
    socket.destroy()
    reply.done({ bytes: 0, cut: true })
  }
}

/** Bytes after a refused upgrade are ignored (CVE-2018-1002105), and the connection does not stay half open. */
async function answerWithoutUpgrade(socket: Duplex, request: Http1Request, reply: FinalReply, log: Logger): Promise<void> {
  const { body } = reply
  const status = reply.status === 101 ? 400 : reply.status
  const isStream = typeof body === 'function'
  const headers = answerHeaders(reply)
  if (!isStream && !hasHeader(headers, 'content-length')) headers.push('content-length', String(body.length))
  headers.push('connection', 'close')
  let lines = ''
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`
  dropUnread(socket, () => socket.destroy())
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n`)
  if (isStream) await sendStream(socket, body, request, reply, log)
  else {
    if (request.method !== 'HEAD') socket.write(joined(body))
    socket.end()
    reply.done({ bytes: body.length, cut: false })
  }
  unlessClosed(socket, () => socket.destroy())
}
