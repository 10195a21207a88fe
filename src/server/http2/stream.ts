// One request's stream: its body as it comes, and its answer as the client takes it.
import type { Readable } from 'node:stream'
import { type BodyTerms, RequestBody } from './request-body.ts'
import type { RequestHead } from './request-head.ts'
import { type ErrorCode, errorCode } from './wire/frames.ts'

/** The connection, as its streams see it. */
export interface StreamOwner {
  /** The client may send so many more bytes, on the stream and on the whole. */
  taken(stream: Http2Stream, bytes: number): void
  sendHead(stream: Http2Stream, status: number, headers: readonly string[], endsStream: boolean): void
  /** Sends what waits on the stream, as far as the client takes it. */
  send(stream: Http2Stream): void
  /** Ends the stream for both sides. */
  reset(stream: Http2Stream, code: ErrorCode): void
  /** The client has no room for the refusal of its credentials. */
  leftUnread(stream: Http2Stream): void
  /** Both sides have ended it, or one of them for both. */
  closed(stream: Http2Stream): void
}

/** Of a body that nobody wants any more: what is taken of it behind the answer, and for how long. */
export const maxUnreadBytes = 4 * 1024 * 1024
export const maxUnreadMs = 5_000
/** An answer with more than this waiting is ahead of its reader. */
const aheadBytes = 16 * 1024
/** Of an end that waits: who takes less between two looks does not read it. */
const leastPace = 1024

export class Http2Stream {
  readonly id: number
  readonly head: RequestHead
  readonly #owner: StreamOwner
  readonly #body: RequestBody
  /** Bytes that the client takes. */
  sendWindow: number
  /** Bytes that the client may send, and those that were taken of which it was not told yet. */
  receiveWindow: number
  untold = 0
  /** What waits of the answer, and how much of its first piece was sent. */
  #waiting: Buffer[] = []
  #first = 0
  #sentOfFirst = 0
  #waitingBytes = 0
  #received = 0
  #requestEnded = false
  #ending = false
  #answered = false
  #closed = false
  #late: NodeJS.Timeout | undefined
  #onClose: (() => void) | undefined
  #onDrain: (() => void) | undefined
  /** What waited of an end at the last look. */
  #waitedAtLook = 0

  constructor(id: number, head: RequestHead, owner: StreamOwner, sendWindow: number, receiveWindow: number) {
    this.id = id
    this.head = head
    this.#owner = owner
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
    this.#body = new RequestBody(head.contentLength, bytes => owner.taken(this, bytes))
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get requestEnded(): boolean {
    return this.#requestEnded
  }

  /** Whether the answer ends behind what waits of it. */
  get isEnding(): boolean {
    return this.#ending
  }

  /** Whether the end of the answer was sent. */
  get isAnswered(): boolean {
    return this.#answered
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  // ── what the client sends

  /** False where the body would be longer than its head says. */
  accepts(bytes: number): boolean {
    return this.#received + bytes <= (this.head.contentLength ?? Number.POSITIVE_INFINITY)
  }

  receive(bytes: Buffer, start: number, end: number): void {
    this.#received += end - start
    this.#body.add(bytes, start, end)
  }

  /** Of the request; false where the body is shorter than its head says. */
  endRequest(): boolean {
    this.#requestEnded = true
    if (this.#received !== (this.head.contentLength ?? this.#received)) return false
    this.#body.end()
    this.#closeWhenDone()
    return true
  }

  /** The stream is over, by a reset of either side or with its connection. */
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

  // ── what the server makes of it

  /** Calls `listener` when the stream is over, whether its answer was sent or not; of one listener, the last. */
  onClose(listener: (() => void) | undefined): void {
    this.#onClose = listener
  }

  collect(limit: number, terms: BodyTerms): Promise<Buffer> {
    return this.#body.collect(limit, terms)
  }

  pass(terms: BodyTerms): Readable | undefined {
    return this.#requestEnded && this.#received === 0 ? undefined : this.#body.pass(terms)
  }

  /** Nothing where the answer has ended or its client is gone. */
  respond(status: number, headers: readonly string[], endsStream: boolean): void {
    if (this.#closed || this.#ending) return
    this.#owner.sendHead(this, status, headers, endsStream)
    if (endsStream) this.ended()
  }

  /** False where the reader is behind. */
  write(chunks: readonly Buffer[]): boolean {
    if (this.#closed || this.#ending) return true
    this.#add(chunks)
    this.#owner.send(this)
    return this.#waitingBytes <= aheadBytes
  }

  /** The end of the answer, behind these. */
  end(chunks: readonly Buffer[] = []): void {
    if (this.#closed || this.#ending) return
    this.#add(chunks)
    this.#ending = true
    this.#owner.send(this)
  }

  /** As `end`, with the answer to credentials that are none: anybody can have it made, and holds no seat that would bound how many wait. */
  endRefusal(chunks: readonly Buffer[]): void {
    this.end(chunks)
    if (!this.#answered && !this.#closed) this.#owner.leftUnread(this)
  }

  reset(code: ErrorCode): void {
    if (!this.#closed) this.#owner.reset(this, code)
  }

  /** Calls `listener` once, when there is room again or the stream is over; at once where it is so. */
  onDrain(listener: (() => void) | undefined): void {
    this.#onDrain = listener
    if (this.#waitingBytes <= aheadBytes) this.#drained()
  }

  // ── what the sender tells

  /** Copies the next bytes that wait. */
  take(into: Buffer, at: number, length: number): void {
    const end = at + length
    for (let to = at; to < end; ) {
      const piece = this.#waiting[this.#first]
      if (piece === undefined) throw new RangeError('a stream has less to send than was taken of it')
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

  /** Something may have been sent of what waited. */
  sent(): void {
    if (this.#waitingBytes <= aheadBytes) this.#drained()
  }

  /** The end of the answer is on its way. */
  ended(): void {
    this.#ending = true
    this.#answered = true
    this.#closeWhenDone()
    if (!this.#closed) this.#dropRest()
  }

  /** To be called at each look: whether its end waits since the last one and the client does not take it. `inTurn`: other streams of the connection are sent. */
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

  /** A client that is still sending may lose an answer behind which its stream is reset at once. */
  #dropRest(): void {
    const close = () => this.reset(errorCode.noError)
    this.#body.drop(maxUnreadBytes, close)
    this.#late = setTimeout(close, maxUnreadMs).unref()
  }
}

/** What stands between two objects of a list: a native copy costs more than so few bytes. */
const fewBytes = 16

/** Copies the piece from `from` on, and no further than `end`; returns how many bytes. */
function copyPiece(piece: Buffer, from: number, into: Buffer, at: number, end: number): number {
  const length = Math.min(piece.length - from, end - at)
  if (length > fewBytes) piece.copy(into, at, from, from + length)
  else for (let i = 0; i < length; i++) into[at + i] = piece[from + i] ?? 0
  return length
}
