// A request for a group version that another server answers: passed on with the user's name and nothing of the user's credentials.
import type { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError, timedOut } from '../../../api/status.ts'
import type { Clock } from '../../../base/clock.ts'
import { GrowingBuffer } from '../../../base/growing-buffer.ts'
import { messageOf } from '../../../base/user-error.ts'
import { type BodyStream, header, type Reply, type ServerRequest } from '../../http/exchange.ts'
import { plainText } from '../../http/plain-failure.ts'
import type { RequestContext } from '../../request/request-context.ts'
import { unreachable } from '../backend-connection.ts'
import { forward, StaleConnection } from '../forward.ts'
import { forwardedHeaders } from '../proxy-headers.ts'
import type { CheckOrigin } from '../streams/own-origin.ts'
import type { BackendEndpoint } from './backend-state.ts'
import type { Backends } from './backends.ts'
import { type ConnectApiParts, connectApi, hostOf } from './connect-api.ts'
import { ConnectionPool } from './connection-pool.ts'
import { identityHeaders } from './identity-headers.ts'
import type { RegisteredApi } from './registered-api.ts'
import { WaitingRequests } from './waiting-requests.ts'

export interface ProxyApiParts extends ConnectApiParts {
  readonly backends: Backends
  readonly clock: Clock
  readonly checkOrigin: CheckOrigin
  /** In [0, 1): which of a service's endpoints. */
  readonly random: () => number
  /** A request found nobody, or no answer that makes sense. */
  onFailure(name: string): void
}

/** Time for the head of an answer, and all of one whose length is known; a watch and an upgrade may take any. */
const answerMs = 60_000
/** Answers of known length up to this are passed on in one piece. */
const maxWholeBytes = 1024 * 1024

const unavailable = (): Reply => plainText(503, 'service unavailable\n')

/** Passes requests on. What goes wrong with the backend is told in upstream's plain words. */
export class ApiProxy {
  readonly #parts: ProxyApiParts
  readonly #waiting = new WaitingRequests()
  readonly #kept: ConnectionPool

  constructor(parts: ProxyApiParts) {
    this.#parts = parts
    this.#kept = new ConnectionPool(parts)
  }

  /** The APIService is gone, or leads elsewhere. */
  forget(name: string): void {
    this.#kept.drop(name)
  }

  close(): void {
    this.#kept.close()
  }

  /** `watches`: the answer has no end of its own. */
  async handle(context: RequestContext, path: string, api: RegisteredApi, watches = false): Promise<Reply> {
    if (!api.available) return unavailable()
    const endWait = this.#waiting.begin(api.name, context.user.name)
    // From here on the backend's pace is not this server's: nobody else's request waits for the seat.
    context.releaseSeat()
    try {
      return await this.#pass(context, path, api, watches)
    } catch (err) {
      if (!(err instanceof ApiError) || err.status.code !== 503) throw err
      this.#parts.onFailure(api.name)
      return plainText(503, `${err.message}\n`)
    } finally {
      endWait()
    }
  }

  async #keeping(
    send: (backend: Agent, connection: string) => Promise<Reply>,
    alone: () => Promise<Reply>,
    api: RegisteredApi,
    endpoint: BackendEndpoint,
  ): Promise<Reply> {
    try {
      return await send(this.#kept.agent(api, endpoint), 'keep-alive')
    } catch (err) {
      if (!(err instanceof StaleConnection)) throw err
      return await alone()
    }
  }

  async #pass(context: RequestContext, path: string, api: RegisteredApi, watches: boolean): Promise<Reply> {
    const { request, user } = context
    const { backends, clock, random, checkOrigin } = this.#parts
    const state = backends.state(api.service)
    const endpoint = state.found ? state.endpoints[Math.floor(random() * state.endpoints.length)] : undefined
    if (endpoint === undefined) return unavailable()
    const upgrade = request.upgrade === undefined ? undefined : header(request.headers, 'upgrade')
    if (upgrade?.toLowerCase() === 'websocket') checkOrigin(request)
    const unbounded = upgrade !== undefined || watches
    const late = new AbortController()
    const timer = unbounded
      ? undefined
      : setTimeout(() => late.abort(timedOut('request did not complete within the allotted timeout')), answerMs)
    try {
      const signal = AbortSignal.any([request.signal, late.signal])
      const { remoteAddress } = request.credentials
      const passed = forwardedHeaders({ headers: request.headers, remoteAddress, uri: path, upgrade })
      const headers = { ...passed, ...identityHeaders(user), host: hostOf(api.service), 'audit-id': context.auditId }
      const send = (backend: Duplex | Agent, connection: string) =>
        forward({ request, backend, target: request.url, headers: { ...headers, connection }, clock, signal })
      const alone = async () =>
        await send(await connectApi(this.#parts, api, endpoint, signal), upgrade === undefined ? 'close' : 'Upgrade')
      const reply = unbounded || !isRepeatable(request) ? await alone() : await this.#keeping(send, alone, api, endpoint)
      return unbounded ? reply : await whole(reply, signal)
    } finally {
      clearTimeout(timer)
    }
  }
}

const isRepeatable = (request: ServerRequest): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && request.stream?.() === undefined

/** An answer of known and moderate length in one piece: it is complete or an error, and nothing of it is a stream to watch over. */
async function whole(reply: Reply, signal: AbortSignal): Promise<Reply> {
  const { body, headers = {} } = reply
  if (typeof body !== 'function') return { ...reply, longRunning: false }
  const length = Number(headers['content-length'] ?? Number.NaN)
  if (!(length <= maxWholeBytes)) return reply
  return { ...reply, body: await collected(body, signal), longRunning: false }
}

async function collected(body: BodyStream, signal: AbortSignal): Promise<Buffer> {
  const pieces = new GrowingBuffer()
  const write = (chunk: Buffer): boolean => {
    pieces.push(chunk)
    return true
  }
  try {
    await body({ write, drained: async () => undefined }, signal)
  } catch (err) {
    signal.throwIfAborted()
    throw unreachable(messageOf(err))
  }
  return pieces.bytes()
}
