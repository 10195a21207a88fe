// The transport of every part outside of the server's process: HTTP/2 over TLS 1.3, many requests on one connection.
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { type HttpSession, openSession, streamLimit, wasNotProcessed } from './http-session.ts'
import type { ServerChoice } from './server-choice.ts'
import { AnswerTooLarge, type ApiRequest, type ApiResponse, type Transport } from './transport.ts'

export interface Identity {
  /** PEM, leaf first. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
}

export interface HttpTransportOptions {
  /** `https://host:port`; any other scheme is refused. */
  readonly server: string
  /** Several servers of one cluster: the next one is used when one does not answer. Replaces `server` for connections. */
  readonly servers?: ServerChoice
  /** PEM of the authorities that can sign the server's certificate. Verification cannot be switched off. */
  readonly ca: string
  /** The client certificate; read for each new connection, so that a renewed one is used after `reconnect()`. */
  readonly identity?: () => Identity
  readonly certificate?: string
  readonly key?: string
  /** Bearer token, read for each request. */
  readonly token?: string | (() => string)
  /** The name in the server's certificate, if it is not the host of `server`. */
  readonly serverName?: string
  readonly userAgent?: string
  /** Until the response head, and for the whole body unless it is a stream. Default 30 s. */
  readonly timeoutMs?: number
  readonly connectTimeoutMs?: number
  /** Largest body of an answer that is not a stream. Default 64 MiB. */
  readonly maxResponseBytes?: number
  readonly pingIntervalMs?: number
  readonly pingTimeoutMs?: number
}

export interface HttpTransport extends Transport {
  /** New requests open a new connection with the current identity; the old one closes when its streams have ended. */
  reconnect(): void
}

/** Connects on first use. Never follows a redirect: a 3xx is an ordinary answer. */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  return new Http2Transport(options)
}

class Http2Transport implements HttpTransport {
  readonly #options: HttpTransportOptions
  readonly #server: string
  readonly #authority: string
  #sessions: HttpSession[] = []
  #opening: Promise<HttpSession> | undefined
  #closed = false

  constructor(options: HttpTransportOptions) {
    const url = new URL(options.server)
    if (url.protocol !== 'https:')
      throw new Error(`Cannot use API server "${options.server}": the scheme must be "https:", got "${url.protocol}"`)
    this.#options = options
    this.#server = url.origin
    this.#authority = url.host
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const first = await this.#send(request, signal)
    if ('response' in first) return first.response
    if (!first.repeatable || signal.aborted) throw first.err
    const second = await this.#send(request, signal)
    if ('response' in second) return second.response
    throw second.err
  }

  reconnect(): void {
    const old = this.#sessions
    this.#sessions = []
    this.#opening = undefined
    for (const held of old) {
      held.usable = false
      held.session.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const open = this.#sessions
    this.#sessions = []
    for (const { session } of open) session.destroy()
  }

  async #send(request: ApiRequest, signal: AbortSignal): Promise<Sent> {
    signal.throwIfAborted()
    const held = await this.#session()
    signal.throwIfAborted()
    const limits = {
      timeoutMs: this.#options.timeoutMs ?? 30_000,
      maxBytes: this.#options.maxResponseBytes ?? 64 << 20,
      isStream: request.stream ?? /[?&](watch|follow)=(true|1)(&|$)/.test(request.path),
    }
    try {
      return await exchange(held, this.#headers(request), request, limits, signal)
    } catch (err) {
      if (!wasNotProcessed(err, undefined)) throw err
      held.usable = false
      return { err, repeatable: true }
    }
  }

  #headers(request: ApiRequest): OutgoingHttpHeaders {
    const { token, userAgent } = this.#options
    const bearer = typeof token === 'function' ? token() : token
    return {
      ':method': request.method,
      ':path': request.path,
      ':scheme': 'https',
      ':authority': this.#authority,
      accept: 'application/json',
      ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
      ...request.headers,
    }
  }

  async #session(): Promise<HttpSession> {
    if (this.#closed) throw new Error('Cannot send a request: the transport is closed')
    this.#sessions = this.#sessions.filter(held => held.usable)
    const free = this.#sessions.find(held => held.streams < streamLimit(held))
    if (free !== undefined) return free
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #open(): Promise<HttpSession> {
    const { servers } = this.#options
    for (let left = servers?.all.length ?? 1; ; left--) {
      const server = servers?.current ?? this.#server
      try {
        return await this.#connect(server, servers !== undefined)
      } catch (err) {
        servers?.failed(server)
        if (left <= 1 || this.#closed) throw err
      }
    }
  }

  /** A client that may go to another server waits less for one. */
  async #connect(server: string, mayLeave: boolean): Promise<HttpSession> {
    const { ca, serverName, identity, certificate, key } = this.#options
    const held = await openSession({
      server,
      ca,
      ...(serverName === undefined ? {} : { serverName }),
      ...(identity?.() ?? (certificate === undefined ? {} : { certificate, key: key ?? '' })),
      connectTimeoutMs: this.#options.connectTimeoutMs ?? (mayLeave ? 3_000 : 10_000),
      pingIntervalMs: this.#options.pingIntervalMs ?? (mayLeave ? 5_000 : 30_000),
      pingTimeoutMs: this.#options.pingTimeoutMs ?? (mayLeave ? 5_000 : 15_000),
    })
    if (this.#closed) {
      held.session.destroy()
      throw new Error('Cannot send a request: the transport is closed')
    }
    this.#sessions.push(held)
    return held
  }
}

type Sent = { readonly response: ApiResponse } | { readonly err: unknown; readonly repeatable: boolean }

interface Limits {
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly isStream: boolean
}

function exchange(
  held: HttpSession,
  headers: OutgoingHttpHeaders,
  request: ApiRequest,
  limits: Limits,
  signal: AbortSignal,
): Promise<Sent> {
  const stream = held.session.request(headers, { endStream: request.body === undefined })
  held.streams++
  const fail = (err: Error) => stream.destroy(err)
  const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('the request was cancelled'))
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () => fail(new Error(`Cannot finish ${request.method} ${request.path.split('?')[0]}: no answer within ${limits.timeoutMs} ms`)),
    limits.timeoutMs,
  )
  stream.once('close', () => {
    held.streams--
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  })
  if (request.body !== undefined) stream.end(request.body)
  return new Promise((resolve, reject) => {
    let failure: Error | undefined
    stream.on('error', err => {
      failure = err
    })
    stream.once('close', () => {
      const err = failure ?? new Error('the connection was closed before the answer came')
      const refused = wasNotProcessed(err, stream.rstCode)
      if (signal.aborted) return reject(err)
      if (refused) held.usable = false
      resolve({ err, repeatable: refused || (request.method === 'GET' && !held.usable) })
    })
    stream.once('response', answer => {
      if (limits.isStream) clearTimeout(timer)
      const body = readBody(
        stream,
        limits.isStream ? Number.POSITIVE_INFINITY : limits.maxBytes,
        Number(answer['content-length'] ?? Number.NaN),
        () => failure,
      )
      resolve({ response: { status: Number(answer[':status']), headers: plainHeaders(answer), body } })
    })
  })
}

async function* readBody(
  stream: ClientHttp2Stream,
  maxBytes: number,
  announced: number,
  failure: () => Error | undefined,
): AsyncGenerator<Buffer> {
  let total = 0
  try {
    for await (const chunk of stream) {
      total += chunk.length
      if (total > maxBytes) throw new AnswerTooLarge(maxBytes)
      yield chunk
    }
  } catch (err) {
    // The server may reset a stream after its answer while our request is still being sent; an answer of the announced length is complete.
    if (total === 0 || total !== announced || stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw err
    return
  }
  const err = failure()
  if (err !== undefined) throw err
  // A stream that was reset without an error event (the server disappeared) is not a complete answer.
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`the answer was cut off (HTTP/2 code ${stream.rstCode})`)
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue
    plain[name] = Array.isArray(value) ? value.join(', ') : String(value)
  }
  return plain
}
