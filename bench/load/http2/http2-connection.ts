// A lean HTTP/2 client on one TLS connection (RFC 9113): what the load client spends on a request, the server under measurement lacks.
// Whatever is not as it must be fails the connection, and with it every request that waits, by an error that says what it was.
import type { TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from 'node:tls'
import { FrameReader, type FrameSink } from '../../../src/server/http2/wire/frame-reader.ts'
import {
  defaultWindow,
  errorCode,
  errorName,
  frameFlag,
  frameType,
  numberAt,
  preface,
  setting,
  writePingAck,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../../src/server/http2/wire/frames.ts'
import { HeaderDecoder } from '../../../src/server/http2/wire/header-decoder.ts'
import { Outbox } from '../../../src/server/http2/wire/outbox.ts'
import { type Answer, AnsweredRequest } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { type OnData, type OnEnd, OpenStream } from './open-stream.ts'
import { RequestSender } from './request-sender.ts'

const windowBytes = 16 * 1024 * 1024
/** What TLS hands on at once is a quarter of it. */
const readBytes = 64 * 1024
const maxHeaderBlockLength = 64 * 1024
const shownBytes = 300

export class Http2Connection implements Disposable, FrameSink {
  readonly #name: string
  readonly #socket: TLSSocket
  readonly #outbox: Outbox
  readonly #sender: RequestSender
  readonly #reader = new FrameReader(this)
  readonly #headers = new HeaderDecoder()
  readonly #opened = Promise.withResolvers<void>()
  /** The header block that goes on in the next frame, and whether its stream ends with it. */
  #block: { readonly stream: number; readonly endsStream: boolean; bytes: Buffer } | undefined
  #greeted = false
  #received = 0
  /** Why no request may begin. */
  #closed: Error | undefined

  private constructor(server: URL, secureContext: SecureContext) {
    const host = server.hostname.replace(/^\[|\]$/g, '')
    const port = Number(server.port === '' ? 443 : server.port)
    this.#name = server.host
    const bytes = Buffer.allocUnsafeSlow(readBytes)
    const onread = { buffer: bytes, callback: (length: number) => this.#read(bytes, length) }
    // The name in the server's certificate is compared with the host, its signatures with the authority of the context.
    const options: ConnectionOptions & TcpNetConnectOpts = { host, port, secureContext, ALPNProtocols: ['h2'], noDelay: true, onread }
    this.#socket = connect(options)
    this.#outbox = new Outbox(this.#socket)
    this.#sender = new RequestSender(this.#outbox, server.host)
    this.#socket.once('secureConnect', () => this.#greet())
    this.#socket.on('error', err => this.#fail(err))
    this.#socket.once('end', () => this.#fail(new Error('the server ended it')))
    this.#socket.once('close', () => this.#fail(new Error('it was closed')))
  }

  /** Resolves when the server has told its settings. The context has the authority that is trusted, and the client's certificate. */
  static async open(server: URL, context: SecureContext): Promise<Http2Connection> {
    const connection = new Http2Connection(server, context)
    await connection.#opened.promise
    return connection
  }

  request(method: string, path: string, body?: string, contentType = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => this.#send(new AnsweredRequest(method, path, contentType, body, resolve, reject)))
  }

  /** Resolves when the server has answered 200. `onEnd` is called once after that. */
  stream(path: string, onData: OnData, onEnd: OnEnd): Promise<void> {
    const stream = new OpenStream(path, onData, onEnd)
    this.#send(stream)
    return stream.begun
  }

  [Symbol.dispose](): void {
    this.#fail(new Error('it was closed'))
  }

  data(stream: number, bytes: Buffer, start: number, end: number, endsStream: boolean, counted: number): void {
    if (this.#block !== undefined) throw new Error('another frame came within a header block')
    this.#received += counted
    if (this.#received >= windowBytes / 2) {
      writeWindowUpdate(this.#outbox.open(), 0, this.#received)
      this.#received = 0
    }
    const exchange = this.#exchange(stream, 'data')
    if (exchange === undefined) return
    if (exchange.status === 0) throw new Error(`data of stream ${stream} came before its headers`)
    exchange.received += counted
    if (exchange.received >= windowBytes / 2 && !endsStream) {
      writeWindowUpdate(this.#outbox.open(), stream, exchange.received)
      exchange.received = 0
    }
    if (end > start) exchange.data(bytes, start, end)
    if (endsStream) this.#end(exchange)
  }

  frame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#greeted && type !== frameType.settings) throw new Error(`a frame of type ${type} came before the settings`)
    if (this.#block !== undefined && type !== frameType.continuation) throw new Error('another frame came within a header block')
    if (type === frameType.headers) this.#headerBlock(flags, stream, bytes, (flags & frameFlag.priority) === 0 ? start : start + 5, end)
    else if (type === frameType.continuation) this.#continueBlock(flags, stream, bytes, start, end)
    else if (type === frameType.rstStream) this.#reset(stream, errorName(numberAt(bytes, start, end, 4)))
    else if (type === frameType.settings) this.#settings(flags, bytes, start, end)
    else if (type === frameType.ping) this.#ping(flags, bytes, start, end)
    else if (type === frameType.goAway) this.#goAway(bytes, start, end)
    else if (type === frameType.windowUpdate) {
      this.#sender.widen(stream, numberAt(bytes, start, end, 4) & 0x7fff_ffff)
      this.#sender.sendBlocked()
    } else if (type === frameType.pushPromise) throw new Error('the server pushes, which it was told not to')
    // RFC 9113, 4.1: frames of other types are ignored.
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

  #read(bytes: Buffer, length: number): boolean {
    if (this.#socket.destroyed) return false
    try {
      this.#reader.read(bytes, length)
    } catch (err) {
      this.#fail(err)
    }
    return true
  }

  #send(exchange: Exchange): void {
    if (this.#closed !== undefined) {
      exchange.fail(this.#closed)
      return
    }
    try {
      this.#sender.send(exchange)
    } catch (err) {
      this.#fail(err)
    }
  }

  /** Undefined where the stream is over: what the server sent before it knew. */
  #exchange(stream: number, what: string): Exchange | undefined {
    const exchange = this.#sender.open.get(stream)
    if (exchange === undefined && !this.#sender.began(stream)) throw new Error(`${what} came on stream ${stream}, which nobody opened`)
    return exchange
  }

  #headerBlock(flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    if (start > end) throw new Error(`a frame of stream ${stream} ends within its priority`)
    const endsStream = (flags & frameFlag.endStream) !== 0
    if ((flags & frameFlag.endHeaders) !== 0) this.#fields(stream, endsStream, bytes, start, end)
    else this.#block = { stream, endsStream, bytes: Buffer.from(bytes.subarray(start, end)) }
  }

  #continueBlock(flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block
    if (block?.stream !== stream) throw new Error(`a header block of stream ${stream} goes on that has not begun`)
    block.bytes = Buffer.concat([block.bytes, bytes.subarray(start, end)])
    if (block.bytes.length > maxHeaderBlockLength) throw new Error(`a header block is longer than ${maxHeaderBlockLength} bytes`)
    if ((flags & frameFlag.endHeaders) === 0) return
    this.#block = undefined
    this.#fields(stream, block.endsStream, block.bytes, 0, block.bytes.length)
  }

  #fields(stream: number, endsStream: boolean, bytes: Buffer, start: number, end: number): void {
    // Also of a stream that is over: the table goes on.
    const found = this.#headers.decode(bytes, start, end, ':status')
    const exchange = this.#exchange(stream, 'headers')
    if (exchange === undefined) return
    if (exchange.status === 0) {
      const status = statusOf(found.length === 1 ? found[0]?.value : undefined, stream)
      if (status < 200) {
        if (endsStream) throw new Error(`stream ${stream} ended with status ${status}`)
        return
      }
      exchange.status = status
      exchange.begin(status)
    } else if (!endsStream) throw new Error(`stream ${stream} was answered twice`)
    if (endsStream) this.#end(exchange)
  }

  #end(exchange: Exchange): void {
    this.#sender.open.delete(exchange.stream)
    if (this.#sender.ended(exchange)) writeReset(this.#outbox.open(), exchange.stream, errorCode.cancel)
    exchange.end()
    this.#closeWhenDone()
  }

  #reset(stream: number, code: string): void {
    const exchange = this.#exchange(stream, 'a reset')
    if (exchange === undefined) return
    this.#sender.open.delete(stream)
    this.#sender.ended(exchange)
    exchange.fail(new Error(`${this.#name} reset ${exchange.method} ${exchange.path}: ${code}`))
    this.#closeWhenDone()
  }

  #settings(flags: number, bytes: Buffer, start: number, end: number): void {
    if ((flags & frameFlag.ack) !== 0) return
    if ((end - start) % 6 !== 0) throw new Error('settings of a wrong length came')
    for (let at = start; at < end; at += 6) this.#sender.set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))
    writeSettingsAck(this.#outbox.open())
    this.#sender.sendBlocked()
    this.#greeted = true
    this.#opened.resolve()
  }

  #ping(flags: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 8) throw new Error('a ping of a wrong length came')
    if ((flags & frameFlag.ack) === 0) writePingAck(this.#outbox.open(), bytes, start)
  }

  /** Requests that the server has taken go on; no other begins. */
  #goAway(bytes: Buffer, start: number, end: number): void {
    if (end - start < 8) throw new Error('a GOAWAY of a wrong length came')
    const last = bytes.readUInt32BE(start) & 0x7fff_ffff
    const code = bytes.readUInt32BE(start + 4)
    const why = bytes.toString('latin1', start + 8, Math.min(end, start + 8 + shownBytes))
    const err = new Error(`${this.#name} goes away: ${errorName(code)}${why === '' ? '' : ` ${JSON.stringify(why)}`}`)
    this.#closed ??= err
    if (code !== errorCode.noError) this.#fail(err)
    const refused = this.#sender.takeWaiting()
    for (const [stream, exchange] of this.#sender.open) {
      if (stream <= last) continue
      refused.push(exchange)
      this.#sender.open.delete(stream)
      this.#sender.ended(exchange)
    }
    for (const exchange of refused) exchange.fail(err)
    this.#closeWhenDone()
  }

  #closeWhenDone(): void {
    if (this.#closed !== undefined && this.#sender.open.size === 0) this.#socket.destroy()
  }

  #fail(cause: unknown): void {
    const err = new Error(`the connection to ${this.#name} failed: ${asError(cause).message}`, { cause })
    this.#closed ??= err
    this.#socket.destroy()
    this.#opened.reject(err)
    const failed = [...this.#sender.takeWaiting(), ...this.#sender.open.values()]
    this.#sender.open.clear()
    for (const exchange of failed) exchange.fail(err)
  }
}

function statusOf(text: string | undefined, stream: number): number {
  if (text === undefined || !/^[1-5]\d\d$/.test(text)) throw new Error(`stream ${stream} has no status that can be read`)
  return Number(text)
}

function asError(err: unknown): Error {
  return err instanceof Error ? err : new Error(String(err))
}
