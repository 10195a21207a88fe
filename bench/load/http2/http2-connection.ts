// The bench's HTTP/2 client on one TLS connection: time that the client spends is missing to the measured server on the same cores.
// It is for the two servers of the bench alone. Whatever they do not do fails the connection, and with it every request that waits.
import type { TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from 'node:tls'
import { FrameReader, type FrameSink } from '../../../src/server/http2/wire/frame-reader.ts'
import {
  defaultFrameSize,
  defaultWindow,
  errorCode,
  errorName,
  frameFlag,
  frameType,
  headSize,
  preface,
  setting,
  writeHead,
  writePingAck,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../../src/server/http2/wire/frames.ts'
import { HeaderDecoder } from '../../../src/server/http2/wire/header-decoder.ts'
import { defaultTableSize } from '../../../src/server/http2/wire/header-table.ts'
import { Outbox } from '../../../src/server/http2/wire/outbox.ts'
import { HeaderEncoder } from './header-encoder.ts'

export interface Answer {
  readonly status: number
  /** Put together anew with each read. */
  readonly body: Buffer
}

/** `bytes` are valid during the call only. */
export type OnData = (bytes: Buffer, start: number, end: number) => void
/** The last call; with an error unless the server has ended the answer. */
export type OnEnd = (err?: Error) => void

interface Exchange {
  readonly begin: (status: number) => void
  readonly data: OnData
  readonly end: OnEnd
  /** Data for which the server has no window yet. */
  unsent: Buffer | undefined
  /** Bytes that the server takes on this stream. */
  sendWindow: number
  /** Bytes that have come since the last window update. */
  received: number
}

const windowBytes = 16 * 1024 * 1024
/** A quarter of a TLS read. */
const readBytes = 64 * 1024
const shownBytes = 300

export class Http2Connection implements Disposable, FrameSink {
  readonly #name: string
  readonly #socket: TLSSocket
  readonly #outbox: Outbox
  readonly #encoder: HeaderEncoder
  readonly #decoder = new HeaderDecoder()
  readonly #opened = Promise.withResolvers<void>()
  readonly #open = new Map<number, Exchange>()
  #nextStream = 1
  #maxOpen = Number.POSITIVE_INFINITY
  #sendWindow = defaultWindow
  #streamWindow = defaultWindow
  #received = 0
  /** Why no request may begin. */
  #closed: Error | undefined

  private constructor(server: URL, secureContext: SecureContext) {
    const host = server.hostname.replace(/^\[|\]$/g, '')
    const port = Number(server.port === '' ? 443 : server.port)
    this.#name = server.host
    this.#encoder = new HeaderEncoder(server.host)
    const bytes = Buffer.allocUnsafeSlow(readBytes)
    const reader = new FrameReader(this)
    const read = (length: number): boolean => {
      this.#guard(() => reader.read(bytes, length))
      return true
    }
    // The name in the server's certificate is compared with the host, its signatures with the authority of the context.
    const onread = { buffer: bytes, callback: read }
    const options: ConnectionOptions & TcpNetConnectOpts = { host, port, secureContext, ALPNProtocols: ['h2'], noDelay: true, onread }
    this.#socket = connect(options)
    this.#outbox = new Outbox(this.#socket)
    this.#socket.once('secureConnect', () => this.#greet())
    this.#socket.on('error', err => this.#fail(err))
    for (const event of ['end', 'close']) this.#socket.once(event, () => this.#fail(new Error('it was closed')))
  }

  /** Resolves when the server has sent its settings. The context has the trusted CA and the client's certificate. */
  static async open(server: URL, context: SecureContext): Promise<Http2Connection> {
    const connection = new Http2Connection(server, context)
    await connection.#opened.promise
    return connection
  }

  request(method: string, path: string, body?: string, contentType = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = []
      const answer = {
        status: 0,
        get body(): Buffer {
          return Buffer.concat(parts)
        },
      }
      const begin = (status: number): void => {
        answer.status = status
      }
      const data: OnData = (bytes, start, end) => void parts.push(Buffer.from(bytes.subarray(start, end)))
      this.#send(method, path, contentType, body, begin, data, err => (err === undefined ? resolve(answer) : reject(err)))
    })
  }

  /** Resolves when the server has answered 200; rejects otherwise. `onEnd` is called once after that. */
  stream(path: string, onData: OnData, onEnd: OnEnd): Promise<void> {
    return new Promise((resolve, reject) => {
      let answered = 0
      let refusal = ''
      const begin = (status: number): void => {
        answered = status
        if (status === 200) resolve()
      }
      const data: OnData = (bytes, start, end) => {
        if (answered === 200) onData(bytes, start, end)
        else if (refusal.length < shownBytes) refusal += bytes.toString('utf8', start, Math.min(end, start + shownBytes))
      }
      const end: OnEnd = err => (answered === 200 ? onEnd(err) : reject(err ?? new Error(`${path} answered ${answered}: ${refusal}`)))
      this.#send('GET', path, 'application/json', undefined, begin, data, end)
    })
  }

  [Symbol.dispose](): void {
    this.#fail(new Error('it was closed'))
  }

  data(stream: number, bytes: Buffer, start: number, end: number, endsStream: boolean, counted: number): void {
    this.#received += counted
    if (this.#received >= windowBytes / 2) {
      writeWindowUpdate(this.#outbox.open(), 0, this.#received)
      this.#received = 0
    }
    const exchange = this.#open.get(stream)
    if (exchange === undefined) return
    exchange.received += counted
    if (exchange.received >= windowBytes / 2 && !endsStream) {
      writeWindowUpdate(this.#outbox.open(), stream, exchange.received)
      exchange.received = 0
    }
    if (end > start) exchange.data(bytes, start, end)
    if (endsStream) this.#end(stream, exchange)
  }

  frame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    if (type === frameType.headers) this.#headers(flags, stream, bytes, start, end)
    else if (type === frameType.windowUpdate) this.#widen(stream, bytes.readUInt32BE(start))
    else if (type === frameType.rstStream) this.#reset(stream, errorName(bytes.readUInt32BE(start)))
    else if (type === frameType.settings) this.#settings(flags, bytes, start, end)
    else if (type === frameType.goAway)
      throw new Error(`the server goes away: ${errorName(bytes.readUInt32BE(start + 4))} ${bytes.toString('latin1', start + 8, end)}`)
    else if (type !== frameType.ping) throw new Error(`the server sent a frame of type ${type}`)
    else if ((flags & frameFlag.ack) === 0) writePingAck(this.#outbox.open(), bytes, start)
  }

  #greet(): void {
    const { alpnProtocol } = this.#socket
    if (alpnProtocol !== 'h2') {
      this.#fail(new Error(`the server speaks ${alpnProtocol || 'no protocol that it names'}, not h2`))
      return
    }
    const out = this.#outbox.open()
    out.reserve(preface.length)
    out.length += out.bytes.write(preface, out.length, 'latin1')
    writeSettings(out, [
      [setting.enablePush, 0],
      [setting.initialWindowSize, windowBytes],
    ])
    writeWindowUpdate(out, 0, windowBytes - defaultWindow)
  }

  #send(
    method: string,
    path: string,
    contentType: string,
    body: string | undefined,
    begin: Exchange['begin'],
    data: OnData,
    end: OnEnd,
  ): void {
    const exchange: Exchange = { begin, data, end, unsent: undefined, sendWindow: this.#streamWindow, received: 0 }
    if (this.#closed !== undefined) {
      end(this.#closed)
      return
    }
    const stream = this.#nextStream
    this.#nextStream += 2
    this.#open.set(stream, exchange)
    this.#guard(() => {
      if (this.#open.size > this.#maxOpen) throw new Error(`the server takes ${this.#maxOpen} requests at a time`)
      const length = body === undefined ? undefined : Buffer.byteLength(body)
      this.#encoder.write(this.#outbox.open(), stream, method, path, contentType, length)
      if (body === undefined || length === undefined || length === 0) return
      if (length > Math.min(defaultFrameSize, this.#sendWindow, exchange.sendWindow)) {
        exchange.unsent = Buffer.from(body)
        this.#sendPart(stream, exchange)
        return
      }
      const out = this.#outbox.open()
      out.reserve(headSize + length)
      writeHead(out.bytes, out.length, length, frameType.data, frameFlag.endStream, stream)
      // As many bytes as characters: ASCII, which needs no conversion.
      out.bytes.write(body, out.length + headSize, length, length === body.length ? 'latin1' : 'utf8')
      out.length += headSize + length
      this.#sendWindow -= length
    })
  }

  #sendPart(stream: number, exchange: Exchange): void {
    while (exchange.unsent !== undefined) {
      const { unsent } = exchange
      const length = Math.min(unsent.length, defaultFrameSize, this.#sendWindow, exchange.sendWindow)
      if (length <= 0) return
      const out = this.#outbox.open()
      out.reserve(headSize + length)
      writeHead(out.bytes, out.length, length, frameType.data, length === unsent.length ? frameFlag.endStream : 0, stream)
      unsent.copy(out.bytes, out.length + headSize, 0, length)
      out.length += headSize + length
      this.#sendWindow -= length
      exchange.sendWindow -= length
      exchange.unsent = length === unsent.length ? undefined : unsent.subarray(length)
    }
  }

  #sendBlocked(): void {
    for (const [stream, exchange] of this.#open) if (exchange.unsent !== undefined) this.#sendPart(stream, exchange)
  }

  #widen(stream: number, more: number): void {
    const exchange = this.#open.get(stream)
    if (stream === 0) this.#sendWindow += more
    else if (exchange !== undefined) exchange.sendWindow += more
    this.#sendBlocked()
  }

  #headers(flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    if ((flags & frameFlag.endHeaders) === 0) throw new Error('the server sent a header block in parts')
    // Also for a stream that has ended: the table must stay in step.
    const [field] = this.#decoder.decode(bytes, start, end, ':status')
    const exchange = this.#open.get(stream)
    if (exchange === undefined) return
    const status = Number(field?.value)
    if (!(status >= 200)) throw new Error(`the server answered stream ${stream} with status ${field?.value}`)
    exchange.begin(status)
    if ((flags & frameFlag.endStream) !== 0) this.#end(stream, exchange)
  }

  #end(stream: number, exchange: Exchange): void {
    this.#open.delete(stream)
    if (exchange.unsent !== undefined) writeReset(this.#outbox.open(), stream, errorCode.cancel)
    exchange.end()
  }

  #reset(stream: number, code: string): void {
    const exchange = this.#open.get(stream)
    this.#open.delete(stream)
    exchange?.end(new Error(`${this.#name} reset stream ${stream}: ${code}`))
  }

  #settings(flags: number, bytes: Buffer, start: number, end: number): void {
    if ((flags & frameFlag.ack) !== 0) return
    for (let at = start; at < end; at += 6) {
      const value = bytes.readUInt32BE(at + 2)
      const id = bytes.readUInt16BE(at)
      if (id === setting.maxConcurrentStreams) this.#maxOpen = value
      else if (id === setting.headerTableSize && value < defaultTableSize)
        throw new Error(`the server keeps a header table of ${value} bytes`)
      else if (id === setting.initialWindowSize) {
        // It counts for the streams that are open too.
        for (const exchange of this.#open.values()) exchange.sendWindow += value - this.#streamWindow
        this.#streamWindow = value
      }
    }
    writeSettingsAck(this.#outbox.open())
    this.#sendBlocked()
    this.#opened.resolve()
  }

  #guard(work: () => void): void {
    if (this.#socket.destroyed) return
    try {
      work()
    } catch (err) {
      this.#fail(err)
    }
  }

  #fail(cause: unknown): void {
    const err = new Error(`the connection to ${this.#name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.#closed ??= err
    this.#socket.destroy()
    this.#opened.reject(err)
    const failed = [...this.#open.values()]
    this.#open.clear()
    for (const exchange of failed) exchange.end(err)
  }
}
