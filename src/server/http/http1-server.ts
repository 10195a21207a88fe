// The HTTP/1.1 side of the listener: passes requests and upgrades to the pipeline, and refuses malformed ones in order.
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from '../../base/log.ts'
import { createServer } from '../../base/net/node-http.ts'
import type { Pipeline } from './exchange.ts'
import { Http1Connection } from './http1-connection.ts'
import { answerUpgrade, Http1Request, sendHttp1 } from './http1-exchange.ts'
import { offeredAuthorization } from './offered-protocols.ts'
import { withAuthorization } from './peer-credentials.ts'
import type { RequestRounds } from './request-rounds.ts'
import { headRefusal, upgradeOutOfTurn } from './wire-refusal.ts'

/** The longest interval between checks for slow heads. */
const sweepMs = 1000
const keepAliveMs = 120_000

export interface Http1ServerOptions {
  readonly handle: Pipeline
  readonly rounds: RequestRounds
  readonly headerBytes: number
  /** Time limit for a whole head. Bodies have their own limit. */
  readonly headersMs: number
  readonly log: Logger
}

export class Http1Server {
  readonly #options: Http1ServerOptions
  readonly #server: Server
  /** By socket. */
  readonly #connections = new WeakMap<Duplex, Http1Connection>()
  readonly #log: Logger
  #stopping = false

  constructor(options: Http1ServerOptions) {
    this.#options = options
    this.#log = options.log
    this.#server = createServer({
      maxHeaderSize: options.headerBytes,
      headersTimeout: options.headersMs,
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(options.headersMs, sweepMs),
      keepAliveTimeout: keepAliveMs,
      // Checked with the other rules for heads.
      requireHostHeader: false,
    })
    this.#wire()
    // The server never listens itself, but checks its connections for timeouts only after this event.
    this.#server.emit('listening')
  }

  accept(socket: Socket): void {
    this.#connections.set(socket, new Http1Connection(socket))
    this.#server.emit('connection', socket)
  }

  /** Closes idle connections now, others after their response. */
  stop(): void {
    this.#stopping = true
    this.#server.close()
  }

  #wire(): void {
    const server = this.#server
    server.on('request', (message, response) => {
      const connection = this.#connections.get(message.socket)
      if (connection === undefined || connection.isEnding) return
      const refusal = headRefusal(message)
      if (refusal !== undefined) return connection.refuse(refusal)
      const credentials = withAuthorization(connection.peer, message.headers.authorization)
      const request = new Http1Request(message, credentials, this.#options.rounds, false, connection.waiting)
      connection.began(request, response)
      if (this.#stopping) response.setHeader('connection', 'close')
      response.once('finish', () => {
        if (this.#stopping) connection.end()
      })
      this.#options.rounds.begin(connection.waiting, () => void this.#serve(response, request, connection))
    })
    server.on('upgrade', (message, socket: Duplex, head) => {
      const { headers } = message
      const connection = this.#connections.get(message.socket)
      if (connection === undefined || connection.isEnding) return
      const refusal = headRefusal(message) ?? (connection.isBusy ? upgradeOutOfTurn : undefined)
      if (refusal !== undefined) return connection.refuse(refusal)
      const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket'
      const authorization = headers.authorization ?? (isWebSocket ? offeredAuthorization(headers) : undefined)
      const request = new Http1Request(message, withAuthorization(connection.peer, authorization), this.#options.rounds, true)
      socket.on('error', err => this.#log.debug('connection failed', { err }))
      this.#options
        .handle(request)
        .then(reply => answerUpgrade({ message, socket, head }, request, reply, this.#log))
        .catch((err: unknown) => {
          this.#log.error('upgrade failed', { err })
          socket.destroy()
        })
    })
    server.on('connect', ({ socket }) => this.#connections.get(socket)?.refuse({ status: 405 }))
    server.on('checkExpectation', ({ socket }) => this.#connections.get(socket)?.refuse({ status: 417 }))
    server.on('clientError', (err, socket) => {
      this.#log.debug('bad request on the wire', { err })
      this.#connections.get(socket)?.fail(err)
    })
  }

  async #serve(response: ServerResponse, request: Http1Request, connection: Http1Connection): Promise<void> {
    try {
      await sendHttp1(response, request, await this.#options.handle(request), () => connection.end(), this.#log)
    } catch (err) {
      this.#log.error('answer not sent', { err })
      response.destroy()
    }
  }
}
