// Forwards a request for a group version of another server, with the user's name and without the user's credentials.
import type { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError, timedOut } from '../../../api/status.ts'
import type { Clock } from '../../../base/clock.ts'
import { GrowingBuffer } from '../../../base/data/growing-buffer.ts'
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
  /** In [0, 1): chooses an endpoint of the service. */
  readonly random: () => number
  /** A request found no backend or got no valid response. */
  onFailure(name: string): void
}

/** Time limit for the head of a response, and for a whole one of known length; watches and upgrades have none. */
const answerMs = 60_000
/** Responses of known length up to this are forwarded in one piece. */
const maxWholeBytes = 1024 * 1024

const unavailable = (): Reply => plainText(503, 'service unavailable\n')

/** Forwards requests. Errors of the backend are reported in upstream's plain text. */
export class ApiProxy {
  readonly #parts: ProxyApiParts
  readonly #waiting = new WaitingRequests()
  readonly #kept: ConnectionPool

  constructor(parts: ProxyApiParts) {
    this.#parts = parts
    this.#kept = new ConnectionPool(parts)
  }

  /** The APIService was removed or changed its backend. */
  forget(name: string): void {
    this.#kept.drop(name)
  }

  close(): void {
    this.#kept.close()
  }

  /** `watches`: the response has no end. */
  async handle(context: RequestContext, path: string, api: RegisteredApi, watches = false): Promise<Reply> {
    if (!api.available) return unavailable()
    const endWait = this.#waiting.begin(api.name, context.user.name)
    // The backend may be slow, so the request gives up its seat to others.
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

/** Reads a response of known, moderate length as a whole: it is complete or an error, and needs no supervision as a stream. */
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
