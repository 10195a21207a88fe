// A node's agent on a real TLS connection, whose answers a test decides; and the runtime's side of SPDY/3.1 behind it.
import { type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { constants, inflateSync } from 'node:zlib'
import { tunnelPath, tunnelUpgrade } from '../../src/api/nodes/node-protocol.ts'
import { readHttpHead } from '../../src/node/streams/http-head.ts'
import { dataFrame } from '../../src/server/proxy/streams/spdy-frames.ts'

export class FakeNodeAgent implements Disposable {
  /** Path and query of all requests. */
  readonly asked: string[] = []
  /** Replaced by tests. */
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void = stream => stream.close()
  readonly #socket: TLSSocket

  private constructor(socket: TLSSocket) {
    this.#socket = socket
  }

  /** Resolves when the server knows the tunnel. `token` is the node's bearer token. */
  static async open(url: string, ca: string, nodeName: string, token: string): Promise<FakeNodeAgent> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), ca, ALPNProtocols: ['http/1.1'] })
    socket.on('error', () => socket.destroy())
    socket.write(
      `GET ${tunnelPath(nodeName)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: ${tunnelUpgrade}\r\n\r\n`,
    )
    const { status } = await readHttpHead(socket, AbortSignal.timeout(60_000))
    if (status !== 101) throw new Error(`the tunnel was answered with ${status}`)
    const agent = new FakeNodeAgent(socket)
    const session = performServerHandshake(socket)
    session.on('error', () => socket.destroy())
    session.on('stream', (stream, headers) => {
      stream.on('error', () => stream.close())
      agent.asked.push(String(headers[':path']))
      agent.serve(stream, headers)
    })
    return agent
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

/** The runtime's side: reports each stream that the client creates, and its data. */
export class SpdyRuntime {
  /** `streamtype` by stream number, in the order of creation. */
  readonly streams = new Map<number, string>()
  onData: (name: string, data: Buffer, fin: boolean) => void = () => undefined
  readonly #duplex: Duplex
  #rest = Buffer.alloc(0)
  /** One zlib stream for the whole connection. */
  #packed = Buffer.alloc(0)
  #unpackedLength = 0

  constructor(duplex: Duplex) {
    this.#duplex = duplex
    duplex.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk])
      while (this.#rest.length >= 8 && this.#rest.length >= 8 + this.#rest.readUIntBE(5, 3)) {
        const size = 8 + this.#rest.readUIntBE(5, 3)
        this.#take(this.#rest.subarray(0, size))
        this.#rest = this.#rest.subarray(size)
      }
    })
  }

  #take(frame: Buffer): void {
    const first = frame.readUInt32BE(0)
    if (first < 0x8000_0000) {
      this.onData(this.streams.get(first) ?? '', frame.subarray(8), frame[4] === 1)
    } else if (frame.readUInt16BE(2) === 1) {
      this.#packed = Buffer.concat([this.#packed, frame.subarray(18)])
      const unpacked = inflateSync(this.#packed, { finishFlush: constants.Z_SYNC_FLUSH })
      const [name, value] = headerOf(unpacked.subarray(this.#unpackedLength))
      this.#unpackedLength = unpacked.length
      this.streams.set(frame.readUInt32BE(8), name === 'streamtype' ? value : `${name}?`)
    }
  }

  write(name: string, data: string | Buffer, fin = false): boolean {
    const [id] = [...this.streams].find(([, known]) => known === name) ?? []
    if (id === undefined) throw new Error(`the client created no stream "${name}"`)
    return this.writeOn(id, data, fin)
  }

  writeOn(stream: number, data: string | Buffer, fin = false): boolean {
    return this.#duplex.write(dataFrame(stream, Buffer.from(data), fin))
  }

  /** As a runtime ends: the Status, and all bytes. */
  finish(status: object = { status: 'Success' }): void {
    this.write('error', JSON.stringify(status), true)
    this.#duplex.end()
  }
}

/** The one header of a block. */
function headerOf(block: Buffer): [string, string] {
  const nameEnd = 8 + block.readUInt32BE(4)
  return [block.toString('utf8', 8, nameEnd), block.toString('utf8', nameEnd + 4, nameEnd + 4 + block.readUInt32BE(nameEnd))]
}
