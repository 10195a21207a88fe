// The stream of one request: its body as it arrives, and its response as the client takes it.
import type { Readable } from 'node:stream'
import { type BodyTerms, RequestBody } from './request-body.ts'
import type { RequestHead } from './request-head.ts'
import { type ErrorCode, errorCode } from './wire/frames.ts'

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** The body is being read: its client may send more of it at a time. */
  reading(stream: Http2Stream): void
  /** Returns bytes to the windows of the stream and of the connection. */
  taken(stream: Http2Stream, bytes: number): void
  sendHead(stream: Http2Stream, status: number, headers: readonly string[], endsStream: boolean): void
  /** Sends waiting bytes of the stream within the client's windows. */
  send(stream: Http2Stream): void
  /** Closes the stream with RST_STREAM. */
  reset(stream: Http2Stream, code: ErrorCode): void
  /** The client's window has no room for a 401. */
  leftUnread(stream: Http2Stream): void
  /** Both sides have ended the stream, or it was reset. */
  closed(stream: Http2Stream): void
}

/** After the response, the rest of a request body is read within these bounds. */
export const maxUnreadBytes = 4 * 1024 * 1024
export const maxUnreadMs = 5_000
/** With more than this waiting, the writer should wait for `onDrain`. */
const aheadBytes = 16 * 1024
/** A client that takes less between two looks does not read the response. */
const leastPace = 1024

export class Http2Stream {
  readonly id: number
  readonly head: RequestHead
  readonly #owner: StreamOwner
  readonly #body: RequestBody
  /** Bytes that the client accepts. */
  sendWindow: number
  /** Bytes that the client may send, and bytes read but not yet returned to its window. */
  receiveWindow: number
  untold = 0
  /** The size to which `receiveWindow` is widened again. */
  window: number
  /** Unread bytes that are returned to the window of the connection already. */
  unread = 0
  /** Waiting pieces of the response, and how much of the first one was sent. */
  #waiting: Buffer[] = []
  #first = 0
  #sentOfFirst = 0
  #waitingBytes = 0
  #received = 0
  #requestEnded = false
  #isRead = false
  #ending = false
  #answered = false
  #closed = false
  #late: NodeJS.Timeout | undefined
  #onClose: (() => void) | undefined
  #onDrain: (() => void) | undefined
  /** Bytes of an ended response that waited at the last look. */
  #waitedAtLook = 0

  constructor(id: number, head: RequestHead, owner: StreamOwner, sendWindow: number, receiveWindow: number) {
    this.id = id
    this.head = head
    this.#owner = owner
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
    this.window = receiveWindow
    this.#body = new RequestBody(head.contentLength, bytes => owner.taken(this, bytes))
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get requestEnded(): boolean {
    return this.#requestEnded
  }

  /** Infinite if neither its length was announced nor its end has come. */
  get mostBodyBytes(): number {
    return this.head.contentLength ?? (this.#requestEnded ? this.#received : Number.POSITIVE_INFINITY)
  }

  /** Whether the response ends after the waiting bytes. */
  get isEnding(): boolean {
    return this.#ending
  }

  /** Whether the end of the response was sent. */
  get isAnswered(): boolean {
    return this.#answered
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  // ── the request

  /** False if the body would exceed its `content-length`. */
  accepts(bytes: number): boolean {
    return this.#received + bytes <= (this.head.contentLength ?? Number.POSITIVE_INFINITY)
  }

  receive(bytes: Buffer, start: number, end: number): void {
    this.#received += end - start
    this.#body.add(bytes, start, end)
  }

  /** The end of the request; false if the body is shorter than its `content-length`. */
  endRequest(): boolean {
    this.#requestEnded = true
    if (this.#received !== (this.head.contentLength ?? this.#received)) return false
    this.#body.end()
    this.#closeWhenDone()
    return true
  }

  /** The stream is closed, by a reset of either side or with its connection. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#late)
    this.#forget()
    this.#body.cut()
    this.#owner.closed(this)
    this.#onClose?.()
    this.#drained()
  }

  // ── the response

  /** Calls `listener` when the stream is closed, with or without a response. A new listener replaces the one before. */
  onClose(listener: (() => void) | undefined): void {
    this.#onClose = listener
  }

  collect(limit: number, terms: BodyTerms): Promise<Buffer> {
    this.#read()
    return this.#body.collect(limit, terms)
  }

  pass(terms: BodyTerms): Readable | undefined {
    if (this.#requestEnded && this.#received === 0) return undefined
    this.#read()
    return this.#body.pass(terms)
  }

  get isRead(): boolean {
    return this.#isRead
  }

  #read(): void {
    if (this.#isRead) return
    this.#isRead = true
    if (!this.#requestEnded && !this.#closed) this.#owner.reading(this)
  }

  /** Ignored if the response has ended or the client is gone. */
  respond(status: number, headers: readonly string[], endsStream: boolean): void {
    if (this.#closed || this.#ending) return
    this.#owner.sendHead(this, status, headers, endsStream)
    if (endsStream) this.ended()
  }

  /** False if the client is behind: wait for `onDrain`. */
  write(chunks: readonly Buffer[]): boolean {
    if (this.#closed || this.#ending) return true
    this.#add(chunks)
    this.#owner.send(this)
    return this.#waitingBytes <= aheadBytes
  }

  /** Ends the response after these pieces. */
  end(chunks: readonly Buffer[] = []): void {
    if (this.#closed || this.#ending) return
    this.#add(chunks)
    this.#ending = true
    this.#owner.send(this)
  }

  /** Like `end`, for a 401: any client can cause one, and no seat of flow control bounds how many wait. */
  endRefusal(chunks: readonly Buffer[]): void {
    this.end(chunks)
    if (!this.#answered && !this.#closed) this.#owner.leftUnread(this)
  }

  reset(code: ErrorCode): void {
    if (!this.#closed) this.#owner.reset(this, code)
  }

  /** Calls `listener` once when there is room again or the stream is closed, which may be now. */
  onDrain(listener: (() => void) | undefined): void {
    this.#onDrain = listener
    if (this.#waitingBytes <= aheadBytes) this.#drained()
  }

  // ── for the sender

  /** Copies the next waiting bytes. */
  take(into: Buffer, at: number, length: number): void {
    const end = at + length
    for (let to = at; to < end; ) {
      const piece = this.#waiting[this.#first]
      if (piece === undefined) throw new RangeError('more bytes were taken from a stream than it has')
      const taken = copyPiece(piece, this.#sentOfFirst, into, to, end)
      to += taken
      this.#sentOfFirst += taken
      if (this.#sentOfFirst < piece.length) break
      this.#first++
      this.#sentOfFirst = 0
    }
    this.#waitingBytes -= length
    if (this.#waitingBytes === 0) this.#forget()
  }

  /** Some waiting bytes may have been sent. */
  sent(): void {
    if (this.#waitingBytes <= aheadBytes) this.#drained()
  }

  /** The end of the response was written to the outbox. */
  ended(): void {
    this.#ending = true
    this.#answered = true
    this.#closeWhenDone()
    if (!this.#closed) this.#dropRest()
  }

  /** Called at each look: whether the response has ended, still waits, and the client does not take it. `inTurn`: other streams of the connection are being sent. */
  isStuck(inTurn: boolean): boolean {
    const waited = this.#waitedAtLook
    this.#waitedAtLook = this.#ending ? this.#waitingBytes : 0
    const waits = this.#waitedAtLook
    return waited > 0 && waits > 0 && waits > waited - leastPace && !(inTurn && this.sendWindow > 0)
  }

  #forget(): void {
    this.#waiting = []
    this.#first = 0
    this.#sentOfFirst = 0
    this.#waitingBytes = 0
  }

  #add(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) {
      if (chunk.length === 0) continue
      this.#waiting.push(chunk)
      this.#waitingBytes += chunk.length
    }
  }

  #drained(): void {
    const listener = this.#onDrain
    this.#onDrain = undefined
    listener?.()
  }

  #closeWhenDone(): void {
    if (this.#requestEnded && this.#answered) this.close()
  }

  /** A client that is still sending may lose a response that is followed by a reset at once. */
  #dropRest(): void {
    const close = () => this.reset(errorCode.noError)
    this.#body.drop(maxUnreadBytes, close)
    this.#late = setTimeout(close, maxUnreadMs).unref()
  }
}

/** The separators between objects of a list are that short: a native copy costs more than a loop. */
const fewBytes = 16

/** Copies the piece from `from` on, at most up to `end`; returns the number of bytes. */
function copyPiece(piece: Buffer, from: number, into: Buffer, at: number, end: number): number {
  const length = Math.min(piece.length - from, end - at)
  if (length > fewBytes) piece.copy(into, at, from, from + length)
  else for (let i = 0; i < length; i++) into[at + i] = piece[from + i] ?? 0
  return length
}
