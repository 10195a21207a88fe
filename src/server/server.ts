// The TLS listener: HTTP/2 and HTTP/1.1 on one port, client certificates asked for and judged later, limits on everything, a graceful stop.
import type { Server as Http1Server, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Socket, Server as TcpServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Credentials } from '../access/access.ts'
import type { Logger } from '../base/log.ts'
import { createServer as createHttp1Server } from '../base/node-http.ts'
import { answerUpgrade, Http1Request, sendHttp1 } from './http1-exchange.ts'
import { Http2Request, sendHttp2 } from './http2-exchange.ts'
import { Http2Sessions } from './http2-sessions.ts'
import { type ConnectionLimits, defaultConnectionLimits, limitedListener } from './limited-listener.ts'
import { clearOpenSslErrors } from './openssl-errors.ts'
import type { Pipeline } from './pipeline.ts'
import { closeQuietly } from './quiet-destroy.ts'
import { RequestRounds } from './request-rounds.ts'
import { offeredAuthorization } from './streams/offered-protocols.ts'

export interface ServingCertificate {
  /** PEM, leaf first. */
  readonly certificate: string
  readonly key: string
}

export interface ListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly serving: ServingCertificate
  /** PEM of the authorities whose names are sent to clients; their certificates are verified by the authenticator. */
  readonly clientAuthorities: string
  readonly handle: Pipeline
  /** Default: 10,000 in all, 2000 of one address, 8000 of one of this machine. */
  readonly connections?: ConnectionLimits
  readonly log: Logger
}

const limits = {
  headerBytes: 64 * 1024,
  streamsPerSession: 250,
  handshakeMs: 10_000,
  /** Time for a whole HTTP/1.1 header; a slow sender is cut. */
  headersMs: 10_000,
  requestMs: 60_000,
  keepAliveMs: 120_000,
  drainMs: 5_000,
}

export class Listener implements AsyncDisposable {
  readonly #options: ListenerOptions
  readonly #tcp: TcpServer
  readonly #tls: TlsServer
  readonly #http1: Http1Server
  readonly #http2: Http2Server
  readonly #sessions: Http2Sessions
  readonly #sockets = new Set<TLSSocket>()
  readonly #rounds = new RequestRounds()
  readonly #log: Logger
  #stopping = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#log = options.log
    this.#sessions = new Http2Sessions(this.#log)
    this.#http1 = createHttp1Server({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
    })
    this.#http2 = createHttp2Server({
      maxSessionMemory: 64,
      maxHeaderListPairs: 100,
      maxSessionInvalidFrames: 100,
      settings: {
        maxConcurrentStreams: limits.streamsPerSession,
        maxHeaderListSize: limits.headerBytes,
        initialWindowSize: 1024 * 1024,
        enablePush: false,
      },
    })
    this.#tls = createTlsServer({
      ...tlsOptions(options),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeMs,
    })
    this.#tcp = limitedListener(
      options.connections ?? defaultConnectionLimits,
      socket => this.#tls.emit('connection', socket),
      () => this.#log.debug('connection refused: too many are open'),
    )
    this.#wire()
  }

  /** Resolves with the address once it listens; rejects where the port is taken. */
  listen(): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>()
    this.#tcp.once('error', reject)
    this.#tcp.listen(this.#options.port, this.#options.host, () => {
      this.#tcp.off('error', reject)
      this.#tcp.on('error', err => this.#log.error('listener failed', { err }))
      const address = this.#tcp.address()
      if (typeof address === 'object' && address !== null) resolve(address)
      else reject(new Error('the listener has no address'))
    })
    return promise
  }

  /** New connections get the new certificate; open ones go on. */
  renew(serving: ServingCertificate): void {
    this.#tls.setSecureContext(tlsOptions({ ...this.#options, serving }))
  }

  /** Takes no more, lets running requests end, then closes what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    const closed = new Promise<void>(resolve => this.#tcp.close(() => resolve()))
    this.#http1.closeIdleConnections()
    const force = setTimeout(() => this.#destroy(), limits.drainMs)
    await Promise.race([this.#sessions.close(), closed])
    this.#http1.closeIdleConnections()
    await closed
    clearTimeout(force)
  }

  #destroy(): void {
    this.#sessions.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }

  #wire(): void {
    this.#tls.on('secureConnection', socket => {
      clearOpenSslErrors()
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', err => this.#log.debug('connection failed', { err }))
      socket.setNoDelay(true)
      if (socket.alpnProtocol !== 'h2') return this.#http1.emit('connection', socket)
      // The session of this socket is made within the call.
      const keep = (session: ServerHttp2Session) => this.#sessions.keep(session, socket)
      this.#http2.once('session', keep)
      this.#http2.emit('connection', socket)
      this.#http2.off('session', keep)
    })
    this.#tls.on('tlsClientError', err => {
      clearOpenSslErrors()
      this.#log.debug('handshake failed', { err })
    })
    this.#http2.on('stream', (stream, headers, _flags, rawHeaders: string[]) => {
      closeQuietly(stream)
      const request = new Http2Request(stream, headers, rawHeaders, credentialsOf(stream.session, headers.authorization))
      // At once: a client may break off before its request begins.
      stream.on('error', err => this.#log.debug('stream failed', { err }))
      this.#rounds.begin(() => void this.#serve2(stream, request))
    })
    this.#http2.on('sessionError', err => this.#log.debug('session failed', { err }))
    this.#http1.on('request', (message, response) => {
      const request = new Http1Request(message, socketCredentials(message.socket, message.headers.authorization))
      if (this.#stopping) response.setHeader('connection', 'close')
      response.once('finish', () => {
        if (this.#stopping) message.socket.end()
      })
      this.#rounds.begin(() => void this.#serve1(response, request))
    })
    this.#http1.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
      const { headers } = message
      const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket'
      const authorization = headers.authorization ?? (isWebSocket ? offeredAuthorization(headers) : undefined)
      const request = new Http1Request(message, socketCredentials(message.socket, authorization), true)
      socket.on('error', err => this.#log.debug('connection failed', { err }))
      this.#options
        .handle(request)
        .then(reply => answerUpgrade({ message, socket, head }, request, reply, this.#log))
        .catch((err: unknown) => {
          this.#log.error('upgrade failed', { err })
          socket.destroy()
        })
    })
    this.#http1.on('clientError', (err, socket) => {
      this.#log.debug('bad request on the wire', { err })
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      else socket.destroy()
    })
  }

  async #serve1(response: ServerResponse, request: Http1Request): Promise<void> {
    try {
      await sendHttp1(response, request, await this.#options.handle(request), this.#log)
    } catch (err) {
      this.#log.error('answer not sent', { err })
      response.destroy()
    }
  }

  async #serve2(stream: ServerHttp2Stream, request: Http2Request): Promise<void> {
    try {
      await sendHttp2(stream, request, await this.#options.handle(request), this.#log)
    } catch (err) {
      this.#log.error('answer not sent', { err })
      stream.destroy()
    }
  }
}

function tlsOptions({ serving, clientAuthorities }: Pick<ListenerOptions, 'serving' | 'clientAuthorities'>) {
  return {
    cert: serving.certificate,
    key: serving.key,
    ca: clientAuthorities,
    minVersion: 'TLSv1.3' as const,
    ALPNProtocols: ['h2', 'http/1.1'],
  }
}

/** The connection's part of the credentials, made once a connection. */
const connections = new WeakMap<object, Credentials>()

function credentialsOf(session: ServerHttp2Stream['session'], authorization: string | undefined): Credentials {
  const known = session && (connections.get(session) ?? remember(session, session.socket))
  return withAuthorization(known ?? { remoteAddress: '' }, authorization)
}

function socketCredentials(socket: Socket, authorization: string | undefined): Credentials {
  return withAuthorization(connections.get(socket) ?? remember(socket, socket), authorization)
}

function withAuthorization(known: Credentials, authorization: string | undefined): Credentials {
  return authorization === undefined ? known : { ...known, authorization }
}

/** A session's socket is a proxy that has no answer to `in`, so the method is asked for. */
function remember(connection: object, socket: Partial<Pick<TLSSocket, 'getPeerX509Certificate' | 'remoteAddress'>>): Credentials {
  const raw = socket.getPeerX509Certificate?.()?.raw
  const known = { remoteAddress: socket.remoteAddress ?? '', ...(raw ? { peerCertificate: raw } : {}) }
  connections.set(connection, known)
  return known
}
