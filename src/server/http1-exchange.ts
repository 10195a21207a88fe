// Requests that come over HTTP/1.1.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Credentials } from '../access/access.ts'
import type { Logger } from '../base/log.ts'
import { STATUS_CODES } from '../base/node-http.ts'
import { answerHeaders } from './answer-headers.ts'
import { endWith, joined, writeCorked } from './body-parts.ts'
import { collectBody, declaredLength } from './collect-body.ts'
import type { FinalReply, RequestHeaders, ServerRequest, Sink, UpgradedConnection } from './exchange.ts'
import { stallMs, untilDrained } from './http2-exchange.ts'

export class Http1Request implements ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: RequestHeaders
  readonly credentials: Credentials
  readonly upgrade?: string
  readonly #message: IncomingMessage
  readonly #controller = new AbortController()

  /** `upgradable`: the connection can be handed over. */
  constructor(message: IncomingMessage, credentials: Credentials, upgradable = false) {
    this.#message = message
    this.method = message.method ?? ''
    this.url = message.url ?? ''
    this.headers = withSeparateImpersonation(message)
    this.credentials = credentials
    const { upgrade } = message.headers
    if (upgradable && upgrade !== undefined) this.upgrade = upgrade.toLowerCase()
    message.socket.once('close', this.#clientGone)
  }

  readonly #clientGone = () => this.#controller.abort(new Error('the client is gone'))

  /** The request is answered: its connection may live on for many others, and must not remember each. */
  answered(): void {
    this.#message.socket.removeListener('close', this.#clientGone)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  body(limit: number): Promise<Buffer> {
    return collectBody(this.#message, limit, declaredLength(this.headers))
  }

  stream(): IncomingMessage | undefined {
    const { headers } = this.#message
    return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0' ? undefined : this.#message
  }
}

/** Node joins repeated headers with commas; the values of these may hold some. */
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

/** Sends the answer. Never rejects: a failure in the middle cuts the connection. */
export async function sendHttp1(response: ServerResponse, request: Http1Request, reply: FinalReply, log: Logger): Promise<void> {
  const headers = answerHeaders(reply)
  const { body } = reply
  response.once('close', () => request.answered())
  if (typeof body !== 'function') {
    headers['content-length'] ??= body.length
    response.writeHead(reply.status, headers)
    endWith(response, body)
    reply.done({ bytes: body.length, cut: false })
    return
  }
  response.writeHead(reply.status, headers)
  // A watcher waits for the head, not for the first event.
  response.flushHeaders()
  let bytes = 0
  const sink: Sink = {
    write(chunk) {
      bytes += chunk.length
      return response.destroyed || response.write(chunk)
    },
    writeAll(chunks) {
      for (const { length } of chunks) bytes += length
      return response.destroyed || writeCorked(response, chunks)
    },
    drained: () => untilDrained(response, request.signal, stallMs(reply)),
  }
  try {
    await body(sink, request.signal)
    response.end()
    reply.done({ bytes, cut: false })
  } catch (err) {
    if (!request.signal.aborted) log.error('answer cut', { auditID: reply.auditId, err })
    response.destroy()
    reply.done({ bytes, cut: true })
  }
}

/** A client whose machine is gone is noticed after this long and nine probes. */
const keepAliveMs = 30_000

/** Hands the connection over, or sends the refusal and closes it. Never rejects. */
export async function answerUpgrade(connection: UpgradedConnection, request: Http1Request, reply: FinalReply, log: Logger): Promise<void> {
  const { socket } = connection
  try {
    if (reply.upgrade) {
      if (socket instanceof Socket) socket.setKeepAlive(true, keepAliveMs)
      await reply.upgrade(connection)
    } else refuseUpgrade(socket, reply)
    reply.done({ bytes: 0, cut: false })
  } catch (err) {
    if (!request.signal.aborted) log.error('upgraded connection failed', { auditID: reply.auditId, err })
    socket.destroy()
    reply.done({ bytes: 0, cut: true })
  }
}

/** How long a client may take to read a refusal and close its side. */
const refusalMs = 5000

/** Nothing that comes behind a refused upgrade is looked at (CVE-2018-1002105), and the connection does not stay half open. */
function refuseUpgrade(socket: Duplex, reply: FinalReply): void {
  const body = typeof reply.body === 'function' ? Buffer.alloc(0) : joined(reply.body)
  const status = reply.status === 101 || typeof reply.body === 'function' ? 400 : reply.status
  const headers = { ...answerHeaders(reply), 'content-length': body.length, connection: 'close' }
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(one => `${name}: ${one}\r\n`),
  )
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`), body]))
  // Read on: a socket closed with unread bytes is reset, and the client may lose the refusal.
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), refusalMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}
