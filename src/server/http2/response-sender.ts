// The sending half of a connection: heads at once, bodies within the client's windows and the socket's buffer, round-robin over the streams.

import type { ControlBudget } from './control-budget.ts'
import { ResponseEncoder } from './response-encoder.ts'
import type { Http2Stream } from './stream.ts'
import {
  defaultFrameSize,
  defaultWindow,
  errorCode,
  frameFlag,
  frameType,
  Http2Error,
  headSize,
  largestFrameSize,
  largestWindow,
  setting,
  widened,
  writeHead,
} from './wire/frames.ts'
import type { Outbox } from './wire/outbox.ts'

/** With more than this waiting for the socket, no DATA is added: a short response must not wait behind all of a long one. */
const fullOutbox = 128 * 1024

export class ResponseSender {
  readonly #outbox: Outbox
  readonly #budget: ControlBudget
  readonly #encoder = new ResponseEncoder()
  /** Streams with bytes to send, in the order of their turns. */
  readonly #blocked = new Set<Http2Stream>()
  #window = defaultWindow
  #sentBytes = 0
  #frameSize = defaultFrameSize
  /** The initial window of a new stream. */
  streamWindow = defaultWindow

  constructor(outbox: Outbox, budget: ControlBudget) {
    this.#outbox = outbox
    this.#budget = budget
  }

  /** All body bytes so far. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  head(stream: Http2Stream, status: number, headers: readonly string[], endsStream: boolean): void {
    this.#encoder.write(this.#outbox.open(), stream.id, status, headers, endsStream, this.#frameSize)
    this.#budget.earnReset()
  }

  /** Sends what was added to the stream if there is room; the rest in its turn. */
  send(stream: Http2Stream): void {
    if (!this.#blocked.has(stream)) this.#sendOne(stream)
  }

  /** The window of the stream grew. While other limits hold it back, it keeps its place in the order. */
  resume(stream: Http2Stream): void {
    if (this.#hasRoom && this.#blocked.delete(stream)) this.#sendOne(stream)
  }

  /** Called after anything that may have made room: one frame of each stream in turn. */
  sendBlocked(): void {
    for (const stream of this.#blocked) {
      if (!this.#hasRoom) return
      if (stream.sendWindow <= 0) continue
      this.#blocked.delete(stream)
      this.#frame(stream)
      // To the end of the order, where the loop reaches it again.
      if (stream.waitingBytes > 0) this.#blocked.add(stream)
      stream.sent()
    }
  }

  drop(stream: Http2Stream): void {
    this.#blocked.delete(stream)
  }

  set(id: number, value: number, open: Iterable<Http2Stream>): void {
    if (id === setting.headerTableSize) this.#encoder.limit(value)
    else if (id === setting.maxFrameSize) {
      if (value < defaultFrameSize || value > largestFrameSize)
        throw new Http2Error(errorCode.protocolError, `SETTINGS_MAX_FRAME_SIZE is ${value}`)
      this.#frameSize = Math.min(value, defaultFrameSize)
    } else if (id === setting.initialWindowSize) {
      if (value > largestWindow) throw new Http2Error(errorCode.flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}`)
      // SETTINGS_INITIAL_WINDOW_SIZE changes the windows of open streams too.
      for (const stream of open) stream.sendWindow = widened(stream.sendWindow, value - this.streamWindow)
      this.streamWindow = value
    }
  }

  /** The window of the connection grows. */
  widen(more: number): void {
    this.#window = widened(this.#window, more)
  }

  get #hasRoom(): boolean {
    return this.#window > 0 && this.#outbox.waiting < fullOutbox
  }

  #sendOne(stream: Http2Stream): void {
    while (stream.waitingBytes > 0 && stream.sendWindow > 0 && this.#hasRoom) this.#frame(stream)
    if (stream.waitingBytes > 0) this.#blocked.add(stream)
    else if (stream.isEnding && !stream.isAnswered) this.#frame(stream)
    stream.sent()
  }

  /** Writes one DATA frame, as full as possible; an empty one if only the end is left. */
  #frame(stream: Http2Stream): void {
    const length = Math.max(0, Math.min(stream.waitingBytes, this.#frameSize, this.#window, stream.sendWindow))
    const ends = stream.isEnding && length === stream.waitingBytes
    const out = this.#outbox.open()
    out.reserve(headSize + length)
    writeHead(out.bytes, out.length, length, frameType.data, ends ? frameFlag.endStream : 0, stream.id)
    out.length += headSize
    stream.take(out.bytes, out.length, length)
    out.length += length
    this.#window -= length
    this.#sentBytes += length
    stream.sendWindow -= length
    this.#budget.earn(length)
    if (ends) stream.ended()
  }
}
