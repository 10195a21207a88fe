// A client of HTTP/2 that keeps no rule: it sends whatever bytes a test has, and reads the frames that come.
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { ClientCertificate, ListeningServer } from './listening-server.ts'

export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
  priorityUpdate: 16,
  unknown: 99,
} as const
export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const
export const code = { none: 0, protocol: 1, flowControl: 3, streamClosed: 5, frameSize: 6, refused: 7, calm: 11 } as const

/** RFC 9113, section 4.1. */
export function frame(kind: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(kind, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** RFC 9113, section 6.5.1. */
export function settings(...values: readonly (readonly [id: number, value: number])[]): Buffer {
  return frame(type.settings, 0, 0, Buffer.concat(values.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), uint32(value)]))))
}

/** An integer of RFC 7541, section 5.1, behind the bits of `first`. */
export function integer(first: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([first | value])
  const bytes = [first | most]
  let rest = value - most
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

const text = (value: string) => Buffer.concat([integer(0, 7, value.length), Buffer.from(value)])

/** A literal field with a new name: kept by the table (section 6.2.1) or by none (6.2.3). */
export const field = (name: string, value: string, kept = false): Buffer =>
  Buffer.concat([Buffer.from([kept ? 0x40 : 0x10]), text(name), text(value)])

export const fields = (values: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(Object.entries(values).map(([name, value]) => field(name, value)))

export const request = (method: string, path = '/livez', more: Readonly<Record<string, string>> = {}): Buffer =>
  fields({ ':method': method, ':scheme': 'https', ':authority': 'x', ':path': path, ...more })

/** A request without a body. */
export const get = (stream: number, path?: string): Buffer =>
  frame(type.headers, flag.endStream | flag.endHeaders, stream, request('GET', path))

/** The head of a request whose body is to come. */
export const post = (stream: number, path?: string, more?: Readonly<Record<string, string>>): Buffer =>
  frame(type.headers, flag.endHeaders, stream, request('POST', path, more))

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export class RawClient implements Disposable {
  readonly socket: TLSSocket
  /** Of all streams, including DATA frames. */
  readonly frames: Frame[] = []
  #rest: Buffer = Buffer.alloc(0)
  readonly #waiting = new Set<() => void>()

  private constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('close', () => this.#look())
  }

  /** Its settings are sent first. */
  static async connect(
    server: ListeningServer,
    options: { readonly certificate?: ClientCertificate; readonly settings?: Buffer; readonly silent?: boolean } = {},
  ): Promise<RawClient> {
    const { hostname: host, port } = new URL(server.url)
    const { certificate } = options
    const credentials = certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }
    const socket = connectTls({ host, port: Number(port), ca: server.ca, ALPNProtocols: ['h2'], ...credentials })
    // The server cuts it in the middle of our writes.
    socket.on('error', () => undefined)
    await new Promise<void>(resolve => socket.once('secureConnect', resolve))
    const client = new RawClient(socket)
    if (options.silent !== true)
      socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), options.settings ?? settings()]))
    return client
  }

  /** Resolves when they have left, or never will. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    if (!this.socket.destroyed) await new Promise<void>(resolve => this.socket.write(Buffer.concat(frames), () => resolve()))
    // The server's frames, including its reset, are read in the loop's next turns.
    await new Promise(resolve => setImmediate(resolve))
  }

  get isClosed(): boolean {
    return this.socket.closed
  }

  /** The last code of a GOAWAY. */
  get goneFor(): number | undefined {
    return this.frames.findLast(({ type: kind }) => kind === type.goAway)?.payload.readUInt32BE(4)
  }

  /** The code that a stream was reset with. */
  resetOf(stream: number): number | undefined {
    return this.frames.find(one => one.type === type.reset && one.stream === stream)?.payload.readUInt32BE(0)
  }

  bodyOf(stream: number): Buffer {
    return Buffer.concat(this.frames.filter(one => one.type === type.data && one.stream === stream).map(({ payload }) => payload))
  }

  hasEnded(stream: number): boolean {
    return this.frames.some(one => one.stream === stream && one.type <= type.headers && (one.flags & flag.endStream) !== 0)
  }

  /** Resolves when the condition is true; rejects if the connection ends before. */
  async until(holds: () => boolean, what: string): Promise<void> {
    while (!holds()) {
      if (this.socket.closed) throw new Error(`The connection ended before ${what}`)
      await new Promise<void>(resolve => this.#waiting.add(resolve))
    }
  }

  /** Resolves when the server has read everything sent, and answered what it answers at once. */
  async sync(): Promise<void> {
    const acks = () => this.frames.filter(one => one.type === type.ping && one.flags === flag.ack).length
    const wanted = acks() + 1
    await this.send(frame(type.ping, 0, 0, Buffer.alloc(8)))
    await this.until(() => acks() >= wanted, 'a ping came back')
  }

  /** Resolves when the connection is over. */
  async untilClosed(): Promise<void> {
    if (!this.socket.closed) await new Promise<void>(resolve => this.socket.once('close', () => resolve()))
  }

  /** Whether the connection ends behind the frames: the server answers no ping then. */
  async endsBehind(...frames: readonly Buffer[]): Promise<boolean> {
    await this.send(...frames)
    return await this.sync().then(
      () => false,
      () => true,
    )
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #read(bytes: Buffer): void {
    let rest = Buffer.concat([this.#rest, bytes])
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3)
      this.frames.push({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        stream: rest.readUInt32BE(5),
        payload: Buffer.from(rest.subarray(9, end)),
      })
      rest = rest.subarray(end)
    }
    this.#rest = Buffer.from(rest)
    this.#look()
  }

  #look(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
