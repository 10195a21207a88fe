// The cluster's DNS server: UDP and TCP on one address, with limits on both.
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../../base/log.ts'
import { ClientShares } from './client-shares.ts'
import { type RespondOptions, respond } from './respond.ts'

export interface DnsServerOptions extends RespondOptions {
  readonly address: string
  readonly port: number
  readonly log: Logger
}

const maxConnections = 200
const maxConnectionsOfClient = 20
const idleMs = 10_000
const maxInFlight = 2_000
/** Above this, a client's UDP questions are dropped and its TCP questions are not read. */
const maxInFlightOfClient = 200
/** Answers that a client may leave unread. Until it reads them, its next questions wait. */
const maxUnreadBytes = 128 * 1024

export class DnsServer implements AsyncDisposable {
  readonly #options: DnsServerOptions
  readonly #stop = new AbortController()
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #clients = new ClientShares()
  #inFlight = 0

  constructor(options: DnsServerOptions) {
    this.#options = options
    this.#udp = createSocket(options.address.includes(':') ? 'udp6' : 'udp4')
    this.#tcp = createServer(socket => this.#serve(socket))
    this.#tcp.maxConnections = maxConnections
  }

  /** Resolves when both listen; rejects if the address is missing or in use. For port 0, returns the TCP port. */
  async listen(): Promise<number> {
    const { address, log } = this.#options
    // TCP first: if the port is free to choose, it competes with every outgoing connection.
    await new Promise<void>((resolve, reject) => this.#tcp.once('error', reject).listen(this.#options.port, address, resolve))
    const bound = this.#tcp.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : this.#options.port
    await new Promise<void>((resolve, reject) => this.#udp.once('error', reject).bind(port, address, resolve))
    this.#udp.removeAllListeners('error').on('error', err => log.error('DNS over UDP failed', { err }))
    this.#tcp.removeAllListeners('error').on('error', err => log.error('DNS over TCP failed', { err }))
    this.#udp.on('message', (message, from) => {
      if (this.#clients.of(from.address).open >= maxInFlightOfClient) return
      void this.#answer(message, from.address, false).then(answer => answer && this.#udp.send(answer, from.port, from.address))
    })
    return port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort('stop')
    await new Promise<void>(resolve => this.#udp.close(resolve))
    await new Promise<void>(resolve => this.#tcp.close(() => resolve()))
  }

  /** Never rejects: a failure is logged, and the client retries. Questions above the limit are dropped. */
  async #answer(message: Buffer, client: string, overTcp: boolean): Promise<Buffer | undefined> {
    if (this.#inFlight >= maxInFlight) return undefined
    this.#inFlight++
    this.#clients.enter(client, 'open')
    try {
      return await respond(message, this.#options, overTcp, this.#stop.signal)
    } catch (err) {
      this.#options.log.error('DNS question not answered', { err })
      return undefined
    } finally {
      this.#inFlight--
      this.#clients.leave(client, 'open')
    }
  }

  /** RFC 1035 4.2.2: each message is preceded by its length in two bytes. */
  #serve(socket: Socket): void {
    const { remoteAddress: address } = socket
    // No address: the client has already disconnected.
    if (address === undefined || this.#clients.of(address).connections >= maxConnectionsOfClient) {
      socket.destroy()
      return
    }
    const client = this.#clients.enter(address, 'connections')
    let pending: Buffer = Buffer.alloc(0)
    const takeQuestions = () => {
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        if (client.open >= maxInFlightOfClient || socket.writableLength > maxUnreadBytes) {
          client.waiting.add(takeQuestions)
          socket.pause()
          return
        }
        const end = 2 + pending.readUInt16BE(0)
        const message = pending.subarray(2, end)
        pending = pending.subarray(end)
        void this.#answer(message, address, true).then(answer => {
          if (answer === undefined || socket.destroyed) return
          const length = Buffer.alloc(2)
          length.writeUInt16BE(answer.length)
          socket.write(Buffer.concat([length, answer]))
          if (socket.writableLength > maxUnreadBytes) socket.pause()
        })
      }
      client.waiting.delete(takeQuestions)
      if (socket.writableLength <= maxUnreadBytes) socket.resume()
    }
    const stop = () => socket.destroy()
    this.#stop.signal.addEventListener('abort', stop, { once: true })
    socket.setTimeout(idleMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('drain', takeQuestions)
    socket.once('close', () => {
      this.#stop.signal.removeEventListener('abort', stop)
      pending = Buffer.alloc(0)
      client.waiting.delete(takeQuestions)
      this.#clients.leave(address, 'connections')
    })
    socket.on('data', chunk => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      takeQuestions()
    })
  }
}
