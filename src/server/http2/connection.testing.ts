// For tests: a server's connection over memory, and a client that sends whatever frames a test wants.
import { Duplex } from 'node:stream'
import { type ConnectionEvents, Http2ServerConnection } from './connection.ts'
import type { BodyTerms } from './request-body.ts'
import type { Http2Stream } from './stream.ts'
import { FrameReader } from './wire/frame-reader.ts'
import { errorName, frameFlag, frameType, headSize, preface, writeHead } from './wire/frames.ts'
import { HeaderDecoder } from './wire/header-decoder.ts'
import { writeInteger } from './wire/hpack-writing.ts'
import { SendBuffer } from './wire/send-buffer.ts'

/** For bodies that a test reads: errors are thrown. */
export const bodyTerms: BodyTerms = { maxMs: 60_000, error: failure => new Error(failure) }

const { endStream, endHeaders, ack } = frameFlag
const typeNames = Object.entries(frameType).map(([name, type]) => [type, name] as const)

/** The server's socket. Writes reach the client at once, or when released if they are held. */
class MemorySocket extends Duplex {
  readonly #toClient: (bytes: Buffer) => void
  /** The client reads nothing, and nothing lies between the two. */
  isHeld = false
  /** Ends its side when the server has ended its own. */
  isPolite = true
  #release: (() => void) | undefined

  constructor(toClient: (bytes: Buffer) => void) {
    super({ allowHalfOpen: false })
    this.#toClient = toClient
  }

  /** One write; the next one is held again. */
  release(): void {
    const release = this.#release
    this.#release = undefined
    release?.()
  }

  /** As Node's. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override _read(): void {
    // The client pushes.
  }

  override _write(bytes: Buffer, _encoding: string, done: (err?: Error) => void): void {
    const take = () => {
      this.#toClient(bytes)
      done()
    }
    if (this.isHeld) this.#release = take
    else take()
  }

  override _final(done: () => void): void {
    if (this.isPolite) this.push(null)
    done()
  }
}

export class TestConnection {
  readonly socket: MemorySocket
  readonly connection: Http2ServerConnection
  /** Requests that have begun. */
  readonly streams: Http2Stream[] = []
  readonly failures: string[] = []
  /** Received bytes of bodies, by stream. */
  readonly bodies = new Map<number, string>()
  readonly #decoder = new HeaderDecoder()
  #received: string[] = []

  constructor(onRequest?: (stream: Http2Stream) => void) {
    const reader = new FrameReader({
      data: (stream, bytes, start, end, ends) => {
        this.#received.push(`data ${stream} ${end - start}${ends ? ' end' : ''}`)
        this.bodies.set(stream, `${this.bodies.get(stream) ?? ''}${bytes.toString('latin1', start, end)}`)
      },
      frame: (...frame) => this.#received.push(this.#text(...frame)),
    })
    this.socket = new MemorySocket(bytes => reader.read(bytes, bytes.length))
    this.socket.on('error', err => this.failures.push(`socket: ${err.message}`))
    const events: ConnectionEvents = {
      request: stream => {
        this.streams.push(stream)
        onRequest?.(stream)
      },
      failed: err => this.failures.push(err.message),
    }
    this.connection = new Http2ServerConnection(this.socket, events)
  }

  /** A connection with exchanged settings; received data starts after them. */
  static async greeted(
    onRequest?: (stream: Http2Stream) => void,
    values: readonly (readonly [number, number])[] = [],
  ): Promise<TestConnection> {
    const connection = new TestConnection(onRequest)
    await connection.send(Buffer.from(preface), settings(values))
    return connection
  }

  /** Sends them in one piece, and returns what is received until the loop has nothing left to do for it. */
  async send(...frames: readonly Buffer[]): Promise<string[]> {
    if (!this.socket.destroyed) this.socket.push(Buffer.concat(frames))
    return this.received()
  }

  /** Since the last call. */
  async received(): Promise<string[]> {
    for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve))
    const received = this.#received
    this.#received = []
    return received
  }

  #text(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): string {
    const name = typeNames.find(([number]) => number === type)?.[1] ?? `type ${type}`
    switch (type) {
      case frameType.headers: {
        const fields = this.#decoder.decode(bytes, start, end).map(field => `${field.name}=${field.value}`)
        return `headers ${stream} ${fields.join(' ')}${(flags & endStream) === 0 ? '' : ' end'}`
      }
      case frameType.rstStream:
        return `reset ${stream} ${errorName(bytes.readUInt32BE(start))}`
      case frameType.goAway:
        return `goAway ${bytes.readUInt32BE(start)} ${errorName(bytes.readUInt32BE(start + 4))}`
      case frameType.windowUpdate:
        return `window ${stream} ${bytes.readUInt32BE(start)}`
      default:
        return `${name}${(flags & ack) === 0 ? '' : ' ack'}${end - start === 0 ? '' : ` ${bytes.toString('hex', start, end)}`}`
    }
  }
}

// ── frames

export type Fields = readonly (readonly [name: string, value: string])[]

export function frame(type: number, flags: number, stream: number, content: Buffer | string = ''): Buffer {
  const payload = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  const head = Buffer.alloc(headSize)
  writeHead(head, 0, payload.length, type, flags, stream)
  return Buffer.concat([head, payload])
}

/** Literals that no table keeps; also such as may not be. */
export function block(fields: Fields): Buffer {
  const out = new SendBuffer()
  for (const [name, value] of fields) {
    out.byte(0)
    for (const text of [name, value]) {
      writeInteger(out, 0, 7, text.length)
      for (const byte of Buffer.from(text, 'latin1')) out.byte(byte)
    }
  }
  return Buffer.from(out.view())
}

export const get: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'x'],
]
export const post: Fields = [[':method', 'POST'], ...get.slice(1)]
export const withLength = (length: number): Fields => [...post, ['content-length', String(length)]]

export const headers = (stream: number, fields: Fields = get, flags: number = endHeaders | endStream): Buffer =>
  frame(frameType.headers, flags, stream, block(fields))
/** A request whose body follows. */
export const opening = (stream: number, fields: Fields = post): Buffer => headers(stream, fields, endHeaders)
export const data = (stream: number, content: Buffer | string, flags = 0): Buffer => frame(frameType.data, flags, stream, content)

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => void bytes.writeUInt32BE(value, 4 * index))
  return bytes
}

export const windowUpdate = (stream: number, more: number): Buffer => frame(frameType.windowUpdate, 0, stream, numbers(more))
export const reset = (stream: number, code: number): Buffer => frame(frameType.rstStream, 0, stream, numbers(code))
export const goAway = (last: number, code: number): Buffer => frame(frameType.goAway, 0, 0, numbers(last, code))
export const ping = (content = '12345678'): Buffer => frame(frameType.ping, 0, 0, content)
export function settings(values: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(6 * values.length)
  values.forEach(([id, value], index) => {
    bytes.writeUInt16BE(id, 6 * index)
    bytes.writeUInt32BE(value, 6 * index + 2)
  })
  return frame(frameType.settings, 0, 0, bytes)
}
