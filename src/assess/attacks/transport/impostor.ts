// A server that pretends to be another one, in one of several ways, and a genuine one as their twin. It counts what its clients trust it with.
import { createServer, type Server as PlainServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import type { ServerNames, TestAuthority } from './test-authority.ts'

/** `genuine` must be trusted, the others must not. */
export const disguises = ['genuine', 'foreign authority', 'wrong name', 'plain HTTP'] as const
/** The right server with a version that is too old: only for clients of the cluster's own servers, for others may have no newer one. */
export type Disguise = (typeof disguises)[number] | 'TLS 1.2'

export interface ImpostorOptions {
  readonly disguise: Disguise
  readonly host: string
  /** Default: any. */
  readonly port?: number
  /** The authority that the clients trust, and another. */
  readonly trusted: TestAuthority
  readonly foreign: TestAuthority
  /** The names by which clients look for it. */
  readonly names: ServerNames
  /** The body of the answer to a request. */
  answer(request: string): string
}

/** No machine has an address of class E (RFC 1112, 4). */
const elsewhere: ServerNames = { ipAddresses: ['240.0.0.1'], dnsNames: ['elsewhere.example'] }
/** A TLS record of the handshake (RFC 8446, 5.1). */
const clientHello = 0x16

export class Impostor implements AsyncDisposable {
  readonly disguise: Disguise
  readonly port: number
  readonly #server: PlainServer | TlsServer
  readonly #sockets = new Set<Socket>()
  /** Connections that clients opened. */
  connections = 0
  /** Those over which a client sent something that only the genuine server should get. */
  trusted = 0

  private constructor(server: PlainServer | TlsServer, { disguise, answer }: ImpostorOptions, port: number) {
    this.disguise = disguise
    this.port = port
    this.#server = server
    server.on('connection', (socket: Socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on('tlsClientError', (_err, socket: Socket) => socket.destroy())
    server.on(disguise === 'plain HTTP' ? 'connection' : 'secureConnection', (socket: Socket) => this.#serve(socket, answer))
  }

  static async open(options: ImpostorOptions): Promise<Impostor> {
    const { disguise, host, trusted, foreign, names } = options
    const authority = disguise === 'foreign authority' ? foreign : trusted
    const identity = await authority.issue(disguise === 'wrong name' ? elsewhere : names)
    const versions = disguise === 'TLS 1.2' ? { maxVersion: 'TLSv1.2' as const } : {}
    const server =
      disguise === 'plain HTTP' ? createServer() : createTlsServer({ ...identity, ...versions, ALPNProtocols: ['h2', 'http/1.1'] })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, host, resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the impostor has no port')
    return new Impostor(server, options, address.port)
  }

  #serve(socket: Socket, answer: ImpostorOptions['answer']): void {
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', data => {
      // Whoever speaks TLS to a port without it has trusted it with nothing.
      if (this.disguise === 'plain HTTP' && text === '' && data[0] === clientHello) {
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
        return
      }
      if (text === '') this.trusted++
      text += data.toString('latin1')
      if (!isWhole(text)) return
      const body = answer(text)
      socket.end(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      )
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }
}

/** Whether a request of HTTP/1.1 has arrived with its body. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1]
  const chunked = /\r\ntransfer-encoding: *chunked/i.test(text.slice(0, end))
  return chunked ? text.endsWith('0\r\n\r\n') : text.length >= end + 4 + Number(length ?? 0)
}
