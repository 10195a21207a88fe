// Forwards one request to a backend over HTTP/1.1, and streams its response or upgraded connection back.
import type { Agent, ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { type Duplex, pipeline, type Readable, type Transform } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import { ApiError, internalError } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import { request as httpRequest, STATUS_CODES } from '../../base/net/node-http.ts'
import { maxBodyBytes } from '../http/collect-body.ts'
import type { BodyStream, Reply, ServerRequest } from '../http/exchange.ts'
import { plainText } from '../http/plain-failure.ts'
import { unreachable } from './backend-connection.ts'
import { answeredHeaders } from './proxy-headers.ts'
import { htmlRewriter } from './rewrite-html.ts'
import { type ProxiedPage, rewriteLocation } from './rewrite-location.ts'
import { carryUpgraded } from './streams/carry-upgraded.ts'

export interface Forward {
  readonly request: ServerRequest
  /** A connection for this request, or a pool. Only requests that may be sent twice and have no body use a pooled connection. */
  readonly backend: Duplex | Agent
  /** Path and query for the backend. */
  readonly target: string
  readonly headers: OutgoingHttpHeaders
  /** Rewrites links and redirects so that they lead through the proxy. Without it links are unchanged, and redirects are refused. */
  readonly page?: ProxiedPage
  /** See `answeredHeaders()`. */
  readonly isolates?: boolean
  readonly clock: Clock
  /** Aborting it before the head of the response fails the request with its reason. Default: the signal of the request. */
  readonly signal?: AbortSignal
}

const maxHeaderBytes = 64 * 1024
/** Limit of the bytes before the response: the number of interim responses has no other limit. */
const maxHeadBytes = 4 * maxHeaderBytes
const maxRefusalLength = 64 * 1024
const withoutBody = new Set([204, 205, 304])

type Answer = { readonly message: IncomingMessage } & ({ readonly socket: Duplex; readonly head: Buffer } | { readonly socket?: never })

/** Resolves with the head of the backend's response. Throws upstream's 503 if there is no valid one, or `StaleConnection`. */
export async function forward(options: Forward): Promise<Reply> {
  const { request, backend, target, headers, signal = request.signal } = options
  const own = 'pipe' in backend ? backend : undefined
  const outgoing = httpRequest({
    method: request.method,
    path: target,
    headers,
    setHost: false,
    maxHeaderSize: maxHeaderBytes,
    ...(own === undefined ? { agent: backend as Agent } : { createConnection: () => own }),
  })
  // After the end of the response, a pooled connection no longer belongs to this request.
  const end = () => {
    outgoing.destroy()
    own?.destroy()
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    const answer = await answerOf(outgoing, request, signal)
    if (answer.socket === undefined) return await answered(answer.message, end, options)
    if (switchesAsRequested(answer.message, headers)) return upgraded(answer.message, answer.socket, answer.head, options)
    answer.socket.destroy()
    end()
    return plainText(502, 'the backend changed to a protocol that the request did not ask for')
  } catch (err) {
    end()
    throw err
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function answerOf(outgoing: ClientRequest, request: ServerRequest, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  outgoing.once('response', message => resolve({ message }))
  outgoing.once('upgrade', (message, socket, head) => resolve({ message, socket, head }))
  // This listener stays: an error without a listener would end the process. After the head, the response gets the error as well.
  outgoing.on('error', err => reject(failureOf(err, outgoing)))
  outgoing.once('close', () => reject(unreachable('EOF')))
  const counted = countHead(outgoing, () => reject(unreachable(`more than ${maxHeadBytes} bytes came before the head of an answer`)))
  try {
    await sendBody(request, outgoing)
    return await promise
  } finally {
    counted()
    signal.removeEventListener('abort', abort)
  }
}

/** Calls `tooMuch` once. Returns a function that stops the counting. */
function countHead(outgoing: ClientRequest, tooMuch: () => void): () => void {
  let bytes = 0
  const count = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxHeadBytes) tooMuch()
  }
  let counted: Duplex | undefined
  outgoing.once('socket', socket => {
    counted = socket.on('data', count)
  })
  return () => counted?.removeListener('data', count)
}

/** Only to a protocol that the client requested (RFC 9110, 7.8). */
function switchesAsRequested({ headers }: IncomingMessage, requested: OutgoingHttpHeaders): boolean {
  const names = (value: unknown): string[] => (typeof value === 'string' ? value.toLowerCase().split(',') : []).map(name => name.trim())
  const offered = names(requested['upgrade'])
  const chosen = names(headers.upgrade)
  return chosen.length > 0 && chosen.every(name => name !== '' && offered.includes(name))
}

/** A pooled connection was closed meanwhile, which is no error of the backend. */
export class StaleConnection extends Error {}

function failureOf(err: Error, { reusedSocket }: ClientRequest): Error {
  if (err instanceof ApiError) return err
  const isClosed = 'code' in err && (err.code === 'ECONNRESET' || err.code === 'EPIPE')
  return reusedSocket && isClosed ? new StaleConnection('the kept connection was closed', { cause: err }) : unreachable(err.message)
}

/** Starts to send the request; its body is sent at the speed of the backend while waiting for the response. */
async function sendBody(request: ServerRequest, outgoing: ClientRequest): Promise<void> {
  const stream = request.upgrade === undefined ? request.stream?.() : undefined
  if (stream !== undefined) {
    pump(stream, outgoing)
    return
  }
  outgoing.end(request.upgrade === undefined && request.stream === undefined ? await request.body(maxBodyBytes) : undefined)
}

/** An end of one side does not destroy the other: the backend may respond before it has read the whole body. */
function pump(from: Readable, to: ClientRequest): void {
  from.on('error', () => to.destroy())
  from.once('close', () => {
    if (!from.readableEnded) to.destroy()
  })
  to.once('close', () => from.unpipe(to))
  from.pipe(to)
}

async function answered(message: IncomingMessage, end: () => void, options: Forward): Promise<Reply> {
  const { request, page, isolates } = options
  const { statusCode: status = 0 } = message
  if (status < 200 || status > 599) throw unreachable(`malformed HTTP status code ${status}`)
  if (page === undefined && status >= 300 && status < 400 && message.headers.location !== undefined) {
    end()
    return plainText(502, 'the backend attempted to redirect this request, which is not permitted')
  }
  if (request.upgrade !== undefined) return await notUpgraded(message, status, end)
  const headers = answeredHeaders(message.headers, isolates)
  // Aggregated API servers may warn their clients; a pod must not do so in the name of this server.
  const { warning } = message.headers
  if (page === undefined && warning !== undefined) headers['warning'] = warning
  const location = headers['location']
  if (page !== undefined && typeof location === 'string') headers['location'] = rewriteLocation(location, page)
  const reply = { status, contentType: message.headers['content-type'] ?? '', headers, longRunning: true, free: end }
  if (request.method === 'HEAD' || withoutBody.has(status)) {
    end()
    return { ...reply, body: Buffer.alloc(0) }
  }
  const rewriting = page !== undefined && location === undefined ? htmlPipe(message, page) : undefined
  // Rewritten links change the length.
  if (rewriting) delete headers['content-length']
  return { ...reply, body: streamed(message, rewriting ?? [], end) }
}

/** For a refused upgrade: errors pass with the beginning of their text, other responses become an error, since the client cannot use them. */
async function notUpgraded(message: IncomingMessage, status: number, end: () => void): Promise<Reply> {
  try {
    if (status < 400) throw internalError(`invalid upgrade response: status code ${status}`)
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of message) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > maxRefusalLength) break
    }
    return { status, contentType: message.headers['content-type'] ?? '', body: Buffer.concat(chunks).subarray(0, maxRefusalLength) }
  } finally {
    end()
  }
}

/** The transforms for an HTML page; undefined for other content types and unsupported encodings. */
function htmlPipe({ headers }: IncomingMessage, page: ProxiedPage): Transform[] | undefined {
  if (headers['content-type']?.split(';')[0]?.trim() !== 'text/html') return undefined
  switch (headers['content-encoding'] ?? '') {
    case '':
      return [htmlRewriter(page)]
    case 'gzip':
      return [createGunzip(), htmlRewriter(page), createGzip()]
    default:
      return undefined
  }
}

function streamed(message: IncomingMessage, through: readonly Transform[], end: () => void): BodyStream {
  return async (sink, signal) => {
    signal.addEventListener('abort', end, { once: true })
    let source: Readable = message
    // An error of one stream destroys the following ones; the last one is read.
    for (const step of through) source = pipeline(source, step, () => undefined)
    try {
      for await (const chunk of source) if (!sink.write(chunk)) await sink.drained()
      // A response that was cut must not look complete.
      if (!message.complete) throw new Error('the backend cut its answer')
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }
}

function upgraded(message: IncomingMessage, socket: Duplex, head: Buffer, { clock, isolates }: Forward): Reply {
  // Readers see the end; without a listener the error would end the process.
  socket.on('error', () => socket.destroy())
  return {
    status: 101,
    contentType: '',
    body: Buffer.alloc(0),
    longRunning: true,
    free: () => socket.destroy(),
    upgrade: async connection => {
      const headers = { ...answeredHeaders(message.headers, isolates), connection: 'Upgrade', upgrade: message.headers.upgrade ?? '' }
      const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map(one => `${name}: ${one}\r\n`))
      connection.socket.write(`HTTP/1.1 101 ${STATUS_CODES[101]}\r\n${lines.join('')}\r\n`, 'latin1')
      if (head.length > 0) connection.socket.write(head)
      await carryUpgraded(connection, socket, clock)
    },
  }
}
