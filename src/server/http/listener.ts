// The TLS listener: HTTP/2 and HTTP/1.1 on one port. It requests client certificates, which the authenticator verifies, limits every input, and stops gracefully.
import type { AddressInfo, Socket, Server as TcpServer } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Logger } from '../../base/log.ts'
import { Http2Connections } from '../http2/connections.ts'
import type { Http2Stream } from '../http2/stream.ts'
import { errorCode } from '../http2/wire/frames.ts'
import type { Pipeline } from './exchange.ts'
import { header } from './exchange.ts'
import { Http1Server } from './http1-server.ts'
import { Http2Request, sendHttp2 } from './http2-exchange.ts'
import { type ConnectionLimits, defaultConnectionLimits, limitedListeners } from './limited-listener.ts'
import { clearOpenSslErrors } from './openssl-errors.ts'
import { peerCredentials, withAuthorization } from './peer-credentials.ts'
import { type ConnectionQueue, RequestRounds } from './request-rounds.ts'

export interface ServingCertificate {
  /** PEM, leaf first. */
  readonly certificate: string
  readonly key: string
}

export interface ListenerOptions {
  /** One or several addresses, which share the limits of connections. */
  readonly hosts: readonly [string, ...string[]]
  /** 0 chooses a free port, the same on each address. */
  readonly port: number
  readonly serving: ServingCertificate
  /** PEM of the authorities whose names are sent to clients. The authenticator verifies their certificates. */
  readonly clientAuthorities: string
  readonly handle: Pipeline
  /** Default: 10,000 in all, 2000 per address, 8000 per address of this machine. */
  readonly connections?: ConnectionLimits
  /** Time limit for a TLS handshake. Default: 10,000. */
  readonly handshakeMs?: number
  /** Time limit for an HTTP/1.1 head. Default: 10,000. */
  readonly headersMs?: number
  readonly log: Logger
}

const limits = {
  headerBytes: 64 * 1024,
  handshakeMs: 10_000,
  headersMs: 10_000,
  drainMs: 5_000,
}

export class Listener implements AsyncDisposable {
  readonly #options: ListenerOptions
  readonly #tcp: readonly TcpServer[]
  readonly #tls: TlsServer
  readonly #http1: Http1Server
  readonly #http2 = new Http2Connections()
  readonly #sockets = new Set<TLSSocket>()
  /** Timers of running handshakes by the peer's address, because a TLS socket does not expose its TCP socket. */
  readonly #handshakes = new Map<string, NodeJS.Timeout>()
  readonly #rounds = new RequestRounds()
  readonly #log: Logger
  #stopping = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#log = options.log
    this.#http1 = new Http1Server({
      handle: options.handle,
      rounds: this.#rounds,
      headerBytes: limits.headerBytes,
      headersMs: options.headersMs ?? limits.headersMs,
      log: options.log,
    })
    this.#tls = createTlsServer({
      ...tlsOptions(options),
      requestCert: true,
      rejectUnauthorized: false,
    })
    this.#tcp = limitedListeners(
      options.hosts.length,
      options.connections ?? defaultConnectionLimits,
      socket => this.#greet(socket),
      () => this.#log.debug('connection refused: too many are open'),
    )
    this.#wire()
  }

  /** Resolves with the first address once it listens on all; rejects if the port is taken. */
  async listen(): Promise<AddressInfo> {
    const { hosts, port } = this.#options
    const [first, ...others] = hosts
    const address = await this.#listenOn(0, first, port)
    for (const [index, host] of others.entries()) await this.#listenOn(index + 1, host, address.port)
    return address
  }

  #listenOn(index: number, host: string, port: number): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>()
    const tcp = this.#tcp[index]
    tcp?.once('error', reject)
    tcp?.listen(port, host, () => {
      tcp.off('error', reject)
      tcp.on('error', err => this.#log.error('listener failed', { err }))
      const address = tcp.address()
      if (typeof address === 'object' && address !== null) resolve(address)
      else reject(new Error('the listener has no address'))
    })
    return promise
  }

  /** New connections get the new certificate; open ones continue. */
  renew(serving: ServingCertificate): void {
    this.#tls.setSecureContext(tlsOptions({ ...this.#options, serving }))
  }

  /** Stops accepting, lets running requests finish, then closes the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    const closed = this.#tcp.map(tcp => new Promise<void>(resolve => tcp.close(() => resolve())))
    this.#http1.stop()
    const force = setTimeout(() => this.#destroy(), limits.drainMs)
    await Promise.all([this.#http2.close(), ...closed])
    clearTimeout(force)
  }

  #destroy(): void {
    this.#http2.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Node's own handshake timeout restarts with each byte, and does not close the connection. */
  #greet(socket: Socket): void {
    const peer = peerOf(socket)
    const late = setTimeout(() => socket.destroy(), this.#options.handshakeMs ?? limits.handshakeMs)
    this.#handshakes.set(peer, late)
    socket.once('close', () => {
      clearTimeout(late)
      if (this.#handshakes.get(peer) === late) this.#handshakes.delete(peer)
    })
    this.#tls.emit('connection', socket)
  }

  #wire(): void {
    this.#tls.on('secureConnection', socket => {
      clearOpenSslErrors()
      clearTimeout(this.#handshakes.get(peerOf(socket)))
      this.#handshakes.delete(peerOf(socket))
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', err => this.#log.debug('connection failed', { err }))
      socket.setNoDelay(true)
      if (socket.alpnProtocol !== 'h2') return this.#http1.accept(socket)
      this.#accept2(socket)
    })
    this.#tls.on('tlsClientError', err => {
      clearOpenSslErrors()
      this.#log.debug('handshake failed', { err })
    })
  }

  #accept2(socket: TLSSocket): void {
    const peer = peerCredentials(socket)
    const waiting: ConnectionQueue = []
    this.#http2.accept(socket, {
      request: stream => {
        const request = new Http2Request(
          stream,
          withAuthorization(peer, header(stream.head.headers, 'authorization')),
          this.#rounds,
          waiting,
        )
        this.#rounds.begin(waiting, () => void this.#serve2(stream, request))
      },
      failed: err => this.#log.debug('connection failed', { err }),
    })
  }

  async #serve2(stream: Http2Stream, request: Http2Request): Promise<void> {
    // The client may have disconnected while the request waited for its turn.
    if (stream.isClosed) return
    try {
      await sendHttp2(stream, request, await this.#options.handle(request), this.#log)
    } catch (err) {
      this.#log.error('answer not sent', { err })
      stream.reset(errorCode.internalError)
    }
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}/${remotePort}`

function tlsOptions({ serving, clientAuthorities }: Pick<ListenerOptions, 'serving' | 'clientAuthorities'>) {
  return {
    cert: serving.certificate,
    key: serving.key,
    ca: clientAuthorities,
    minVersion: 'TLSv1.3' as const,
    // Upstream's order: the first is as secure as the second, and a tenth cheaper for a long response.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    honorCipherOrder: true,
    ALPNProtocols: ['h2', 'http/1.1'],
  }
}
