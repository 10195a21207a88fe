// The flow-control windows of request bodies (RFC 9113, 5.2): of each stream, and of their connection.
import type { Http2Stream } from './stream.ts'
import { defaultWindow, errorCode, Http2Error, writeWindowUpdate } from './wire/frames.ts'
import type { Outbox } from './wire/outbox.ts'

/**
 * Until its body is read, a stream has the window with which a client begins, and its bytes do not count for the connection: requests that wait for their turn
 * must not hold up the one whose turn it is.
 */
export const unreadWindow = defaultWindow
/** Bytes of a body that is read which the server has not taken yet, and of all of them. */
const streamWindow = 1024 * 1024
const connectionWindow = 4 * 1024 * 1024

export class ReceiveWindows {
  readonly #outbox: Outbox
  #window = connectionWindow
  #unnotified = 0
  #isClosed = false

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** The client knows only the window with which a connection begins. */
  open(): void {
    writeWindowUpdate(this.#outbox.open(), 0, connectionWindow - defaultWindow)
  }

  close(): void {
    this.#isClosed = true
  }

  /** A DATA frame has come, padding included. */
  came(bytes: number): void {
    this.#window -= bytes
    if (this.#window < 0) throw new Http2Error(errorCode.flowControlError, 'DATA exceeds the flow-control window of the connection')
  }

  /** Bytes that nobody will read. */
  dropped(bytes: number): void {
    this.#notify(bytes)
  }

  padded(stream: Http2Stream, bytes: number): void {
    this.#notify(bytes)
    this.#widen(stream, bytes)
  }

  /** Bytes of a body that nobody reads yet. */
  waits(stream: Http2Stream, bytes: number): void {
    stream.unread += bytes
    this.#notify(bytes)
  }

  reading(stream: Http2Stream): void {
    // As much as it may send anyway.
    if ((stream.head.contentLength ?? Number.POSITIVE_INFINITY) <= unreadWindow) return
    stream.window = streamWindow
    this.#widen(stream, streamWindow - unreadWindow)
  }

  taken(stream: Http2Stream, bytes: number): void {
    const known = Math.min(stream.unread, bytes)
    stream.unread -= known
    this.#notify(bytes - known)
    this.#widen(stream, bytes)
  }

  #widen(stream: Http2Stream, bytes: number): void {
    stream.untold += bytes
    if (stream.untold < stream.window / 2 || stream.requestEnded || stream.isClosed) return
    writeWindowUpdate(this.#outbox.open(), stream.id, stream.untold)
    stream.receiveWindow += stream.untold
    stream.untold = 0
  }

  #notify(bytes: number): void {
    this.#unnotified += bytes
    if (this.#unnotified < connectionWindow / 2 || this.#isClosed) return
    writeWindowUpdate(this.#outbox.open(), 0, this.#unnotified)
    this.#window += this.#unnotified
    this.#unnotified = 0
  }
}
