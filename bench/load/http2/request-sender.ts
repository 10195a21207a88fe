// The sending half of a connection: it keeps to what the server takes, in streams at a time and in bytes, and sends the rest when the server takes more.

import {
  defaultFrameSize,
  defaultWindow,
  frameFlag,
  frameType,
  headSize,
  largestFrameSize,
  largestWindow,
  setting,
  widened,
  writeHead,
} from '../../../src/server/http2/wire/frames.ts'
import type { Outbox } from '../../../src/server/http2/wire/outbox.ts'
import type { Exchange } from './exchange.ts'
import { HeaderEncoder } from './header-encoder.ts'

const maxStream = 2 ** 31 - 1

export class RequestSender {
  /** Those that have a stream. Whoever ends one removes it and calls `ended()`. */
  readonly open = new Map<number, Exchange>()
  readonly #outbox: Outbox
  readonly #headers: HeaderEncoder
  /** In their order: for a stream of their own, and for room for the rest of their bodies. */
  #waiting: Exchange[] = []
  #blocked: Exchange[] = []
  #nextStream = 1
  #maxOpen = Number.POSITIVE_INFINITY
  #window = defaultWindow
  #streamWindow = defaultWindow
  #frameSize = defaultFrameSize

  constructor(outbox: Outbox, authority: string) {
    this.#outbox = outbox
    this.#headers = new HeaderEncoder(authority)
  }

  /** Throws where a request cannot be written; it is among those that wait then, and the connection is of no use. */
  send(exchange: Exchange): void {
    this.#waiting.push(exchange)
    this.#beginWaiting()
  }

  /** Whether a stream of this number was ever opened. */
  began(stream: number): boolean {
    return stream % 2 === 1 && stream < this.#nextStream
  }

  /** What has not begun, which will not begin any more. */
  takeWaiting(): Exchange[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }

  /** A stream is over. Whether it was before the server had the whole body. */
  ended(exchange: Exchange): boolean {
    const early = exchange.unsent !== undefined
    exchange.unsent = undefined
    this.#beginWaiting()
    return early
  }

  set(id: number, value: number): void {
    if (id === setting.headerTableSize) this.#headers.limit(value)
    else if (id === setting.maxConcurrentStreams) this.#maxOpen = value
    else if (id === setting.maxFrameSize) {
      if (value < defaultFrameSize || value > largestFrameSize) throw new Error(`the server set a frame size of ${value}`)
      this.#frameSize = value
    } else if (id === setting.initialWindowSize) {
      if (value > largestWindow) throw new Error(`the server set a window of ${value}`)
      // It counts for the streams that are open too.
      for (const exchange of this.open.values()) exchange.sendWindow += value - this.#streamWindow
      this.#streamWindow = value
    }
  }

  /** The server takes so many more bytes, on a stream or, where that is 0, on the whole. */
  widen(stream: number, more: number): void {
    const exchange = this.open.get(stream)
    if (more === 0 && (stream === 0 || exchange !== undefined)) throw new Error('the server widened a window by nothing')
    if (stream === 0) this.#window = widened(this.#window, more)
    // One that is over needs nothing any more.
    else if (exchange !== undefined) exchange.sendWindow = widened(exchange.sendWindow, more)
  }

  /** After anything that may have made room. */
  sendBlocked(): void {
    if (this.#blocked.length === 0) return
    for (const exchange of this.#blocked) this.#sendPart(exchange)
    this.#blocked = this.#blocked.filter(({ unsent }) => unsent !== undefined)
  }

  #beginWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.open.size < this.#maxOpen; next = this.#waiting[0]) {
      this.#begin(next)
      this.#waiting.shift()
    }
  }

  #begin(exchange: Exchange): void {
    const stream = this.#nextStream
    if (stream > maxStream) throw new Error('a connection has no streams left')
    const { body } = exchange
    const length = body === undefined ? undefined : Buffer.byteLength(body)
    const out = this.#outbox.open()
    const before = out.length
    this.#headers.write(out, stream, exchange.method, exchange.path, exchange.contentType, length)
    if (out.length - before - headSize > this.#frameSize)
      throw new Error(`the headers of a request are longer than ${this.#frameSize} bytes`)
    this.#nextStream += 2
    exchange.stream = stream
    exchange.sendWindow = this.#streamWindow
    this.open.set(stream, exchange)
    if (body === undefined || length === undefined || length === 0) return
    exchange.body = undefined
    if (length > this.#frameSize || length > this.#window || length > this.#streamWindow) {
      exchange.unsent = Buffer.from(body)
      this.#blocked.push(exchange)
      this.sendBlocked()
      return
    }
    out.reserve(headSize + length)
    writeHead(out.bytes, out.length, length, frameType.data, frameFlag.endStream, stream)
    // As many bytes as characters: ASCII, which needs no conversion.
    out.bytes.write(body, out.length + headSize, length, length === body.length ? 'latin1' : 'utf8')
    out.length += headSize + length
    this.#window -= length
  }

  #sendPart(exchange: Exchange): void {
    while (exchange.unsent !== undefined) {
      const { unsent, stream } = exchange
      const length = Math.min(unsent.length, this.#frameSize, this.#window, exchange.sendWindow)
      if (length <= 0) return
      const out = this.#outbox.open()
      out.reserve(headSize + length)
      writeHead(out.bytes, out.length, length, frameType.data, length === unsent.length ? frameFlag.endStream : 0, stream)
      unsent.copy(out.bytes, out.length + headSize, 0, length)
      out.length += headSize + length
      this.#window -= length
      exchange.sendWindow -= length
      exchange.unsent = length === unsent.length ? undefined : unsent.subarray(length)
    }
  }
}
