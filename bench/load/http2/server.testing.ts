// For tests: servers with a certificate for 127.0.0.1, one of Node's HTTP/2 and one that sends whatever bytes a test wants.
import { once } from 'node:events'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from 'node:http2'
import { createSecureContext, createServer, type Server, type TLSSocket } from 'node:tls'
import { newTestKey, type TestAuthority, testAuthority, testCertificate } from '../../../src/access/pki/certificate.fixture.ts'
import { toPem } from '../../../src/access/pki/key-and-csr.ts'
import { Connections, type Credentials } from '../connections.ts'
import { Http2Connection } from './http2-connection.ts'

const address = '127.0.0.1'
const subjectAltName = { oid: '551d11', critical: false, value: Buffer.from([0x30, 0x06, 0x87, 0x04, 127, 0, 0, 1]) }
const otherAltName = { ...subjectAltName, value: Buffer.from([0x30, 0x06, 0x87, 0x04, 127, 0, 0, 9]) }

interface Pem {
  readonly key: string
  readonly cert: string
}

function pemOf(authority: TestAuthority, usage: 'client' | 'server', altName: typeof subjectAltName): Pem {
  const key = newTestKey()
  const certificate = testCertificate(authority, { commonName: address, usage, extensions: [altName] }, key)
  return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: toPem('CERTIFICATE', certificate) }
}

type OnStream = (stream: ServerHttp2Stream, path: string, headers: NodeJS.Dict<string | string[]>) => void

export class TestServer implements AsyncDisposable {
  readonly authority = testAuthority()
  readonly sessions: ServerHttp2Session[] = []
  readonly #client = pemOf(this.authority, 'client', subjectAltName)
  #server: Server | Http2SecureServer | undefined
  readonly #sockets = new Set<TLSSocket>()
  readonly #connections: Http2Connection[] = []

  /** Answers with the function's result, under the test's settings. */
  static async http2(
    onStream: OnStream,
    settings: Settings = {},
    certificate: 'its own' | "another host's" = 'its own',
  ): Promise<TestServer> {
    const test = new TestServer()
    const server = createSecureServer({ ...test.#tls(certificate), settings })
    server.on('session', session => test.sessions.push(session))
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined)
      onStream(stream, headers[':path'] ?? '', headers)
    })
    await test.#listen(server)
    return test
  }

  /** Hands over each socket once it is secure. */
  static async tls(protocols: string[], onSocket: (socket: TLSSocket) => void): Promise<TestServer> {
    const test = new TestServer()
    await test.#listen(createServer({ ...test.#tls('its own'), ALPNProtocols: protocols }, onSocket))
    return test
  }

  get credentials(): Credentials {
    const listening = this.#server?.address()
    if (typeof listening !== 'object' || listening === null) throw new Error('the server does not listen')
    return { server: `https://${address}:${listening.port}`, ca: this.authority.pem, ...this.#client }
  }

  connections(count: number): Promise<Connections> {
    return Connections.open(this.credentials, count)
  }

  async connect(): Promise<Http2Connection> {
    const { server, ca, cert, key } = this.credentials
    const connection = await Http2Connection.open(new URL(server), createSecureContext({ ca, cert, key }))
    this.#connections.push(connection)
    return connection
  }

  /** Cuts every connection off. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection[Symbol.dispose]()
    this.cut()
    const server = this.#server
    if (server === undefined) return
    server.close()
    await once(server, 'close')
  }

  #tls(certificate: 'its own' | "another host's") {
    const altName = certificate === 'its own' ? subjectAltName : otherAltName
    return { ...pemOf(this.authority, 'server', altName), ca: this.authority.pem, requestCert: true, rejectUnauthorized: true }
  }

  async #listen(server: Server | Http2SecureServer): Promise<void> {
    this.#server = server
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
    })
    server.on('sessionError', () => undefined)
    server.listen(0, address)
    await once(server, 'listening')
  }
}
