// The server's side of HTTP/2 on one TLS connection (RFC 9113). Whatever breaks a rule of a stream resets it, whatever breaks one of the connection closes
// that, and each is told by its code. Nothing is kept beyond what windows, streams and the budget allow.
import type { Duplex } from 'node:stream'
import { checkGoAway, checkPriority } from './checked-frames.ts'
import { ClosedStreams } from './closed-streams.ts'
import { ControlBudget } from './control-budget.ts'
import { HeaderBlocks, maxHeaderBytes } from './header-blocks.ts'
import { SignsOfLife } from './keepalive.ts'
import { areTrailers, type RequestHead, readRequestHead } from './request-head.ts'
import { ResponseSender } from './response-sender.ts'
import { Http2Stream, type StreamOwner } from './stream.ts'
import { FrameReader, type FrameSink } from './wire/frame-reader.ts'
import {
  defaultWindow,
  type ErrorCode,
  errorCode,
  frameFlag,
  frameType,
  Http2Error,
  largestWindow,
  numberAt,
  preface,
  setting,
  writeGoAway,
  writePing,
  writePingAck,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from './wire/frames.ts'
import type { HeaderField } from './wire/header-table.ts'
import { Outbox } from './wire/outbox.ts'

export const maxStreams = 250
/** Of a stream and of the whole: bytes of bodies that nobody has asked for yet. */
const streamWindow = 1024 * 1024
const connectionWindow = 4 * 1024 * 1024
/** Nothing is read from a client that takes nothing: each answer of ours would wait in memory. */
const tooFullOutbox = 512 * 1024
/** Whoever reads what it asks for has a few at a time. */
export const maxUnreadRefusals = 32

/** One of Node's TLS sockets, as far as it is needed. */
export type ClientSocket = Duplex & { destroySoon(): void }

export interface ConnectionEvents {
  /** A request has begun: its head is there. */
  request(stream: Http2Stream): void
  /** The connection failed, or broke a rule. */
  failed(err: Error): void
}

export class Http2ServerConnection implements FrameSink, StreamOwner {
  readonly #socket: ClientSocket
  readonly #events: ConnectionEvents
  readonly #outbox: Outbox
  readonly #budget = new ControlBudget()
  readonly #sender: ResponseSender
  readonly #life: SignsOfLife
  readonly #reader = new FrameReader(this)
  readonly #blocks = new HeaderBlocks((stream, endsStream, fields) => this.#headers(stream, endsStream, fields))
  readonly #open = new Map<number, Http2Stream>()
  readonly #over = new ClosedStreams()
  #prefaceRead = 0
  #greeted = false
  /** The highest that came, and of those the last that became a request. */
  #lastStream = 0
  #lastBegun = 0
  #receiveWindow = connectionWindow
  #unnotified = 0
  readonly #unreadRefusals = new Set<Http2Stream>()
  #paused = false
  #goingAway = false
  #closed = false

  constructor(socket: ClientSocket, events: ConnectionEvents) {
    this.#socket = socket
    this.#events = events
    this.#outbox = new Outbox(socket, () => this.#taken())
    this.#sender = new ResponseSender(this.#outbox, this.#budget)
    this.#life = new SignsOfLife(this.#outbox, this.#sender)
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.once('end', () => this.destroy())
    socket.once('close', () => this.#close())
    writeSettings(this.#outbox.open(), [
      [setting.enablePush, 0],
      [setting.maxConcurrentStreams, maxStreams],
      [setting.initialWindowSize, streamWindow],
      [setting.maxHeaderListSize, maxHeaderBytes],
    ])
    writeWindowUpdate(this.#outbox.open(), 0, connectionWindow - defaultWindow)
  }

  /** Lets the running streams end, and closes behind them. */
  goAway(): void {
    if (this.#goingAway || this.#closed) return
    this.#goingAway = true
    writeGoAway(this.#outbox.open(), this.#lastBegun, errorCode.noError)
    this.#endWhenDone()
  }

  destroy(): void {
    this.#close()
    this.#socket.destroy()
  }

  /** To be called at intervals: ends what goes on for two of them without a sign of life, and answers that nobody reads. */
  look(): void {
    const { dead, flows } = this.#life.look()
    // Of one that failed the client has not read why.
    if (dead || this.#closed) {
      this.destroy()
      return
    }
    this.#budget.renew()
    for (const stream of this.#open.values()) if (stream.isStuck(flows)) this.reset(stream, errorCode.cancel)
    writePing(this.#outbox.open())
  }

  // ── frames

  data(id: number, bytes: Buffer, start: number, end: number, endsStream: boolean, counted: number): void {
    this.#mayCome(frameType.data)
    this.#receiveWindow -= counted
    if (this.#receiveWindow < 0) throw new Http2Error(errorCode.flowControlError, 'more data came than the window of the connection allows')
    const stream = this.#open.get(id)
    if (stream === undefined || stream.requestEnded) {
      this.#notify(counted)
      if (stream === undefined) this.#stray(id, 'data')
      else this.#fault(stream, errorCode.streamClosed)
      return
    }
    stream.receiveWindow -= counted
    if (start === end && !endsStream) this.#budget.spend()
    if (stream.receiveWindow < 0 || !stream.accepts(end - start)) {
      this.#notify(counted)
      this.#fault(stream, stream.receiveWindow < 0 ? errorCode.flowControlError : errorCode.protocolError)
      return
    }
    const padding = counted - (end - start)
    if (padding > 0) this.taken(stream, padding)
    if (end > start) stream.receive(bytes, start, end)
    if (endsStream && !stream.endRequest()) this.#fault(stream, errorCode.protocolError)
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#closed) return
    this.#mayCome(type)
    if (type === frameType.headers) this.#blocks.begin(flags, id, bytes, start, end)
    else if (type === frameType.continuation) {
      this.#budget.spend()
      this.#blocks.goOn(flags, id, bytes, start, end)
    } else if (type === frameType.windowUpdate) this.#widen(id, numberAt(bytes, start, end, 4) & 0x7fff_ffff)
    else if (type === frameType.rstStream) this.#reset(id, bytes, start, end)
    else if (type === frameType.settings) this.#settings(flags, id, bytes, start, end)
    else if (type === frameType.ping) this.#ping(flags, id, bytes, start, end)
    else if (type === frameType.pushPromise) throw new Http2Error(errorCode.protocolError, 'a client may not push')
    else {
      this.#budget.spend()
      if (type === frameType.priority) checkPriority(id, bytes, start, end)
      else if (type === frameType.goAway) checkGoAway(id, end - start)
      // RFC 9113, 4.1: frames of other types are ignored.
    }
  }

  // ── what streams ask for

  taken(stream: Http2Stream, bytes: number): void {
    this.#notify(bytes)
    stream.untold += bytes
    if (stream.untold < streamWindow / 2 || stream.requestEnded || stream.isClosed) return
    writeWindowUpdate(this.#outbox.open(), stream.id, stream.untold)
    stream.receiveWindow += stream.untold
    stream.untold = 0
  }

  sendHead(stream: Http2Stream, status: number, headers: readonly string[], endsStream: boolean): void {
    this.#sender.head(stream, status, headers, endsStream)
  }

  send(stream: Http2Stream): void {
    this.#sender.send(stream)
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    if (stream.isClosed) return
    this.#over.reset(stream.id, 'server')
    writeReset(this.#outbox.open(), stream.id, code)
    stream.close()
  }

  leftUnread(stream: Http2Stream): void {
    for (const refusal of this.#unreadRefusals) if (refusal.isAnswered) this.#unreadRefusals.delete(refusal)
    this.#unreadRefusals.add(stream)
    if (this.#unreadRefusals.size > maxUnreadRefusals) this.#fail(new Http2Error(errorCode.enhanceYourCalm, 'the client reads no refusal'))
  }

  closed(stream: Http2Stream): void {
    this.#open.delete(stream.id)
    this.#unreadRefusals.delete(stream)
    this.#sender.drop(stream)
    this.#endWhenDone()
  }

  // ── reading

  #read(bytes: Buffer): void {
    if (this.#closed) return
    // Whoever has not even greeted us may not keep the connection by a byte now and then.
    if (this.#greeted) this.#life.came()
    try {
      const start = this.#prefaceRead < preface.length ? this.#preface(bytes) : 0
      this.#reader.read(start === 0 ? bytes : bytes.subarray(start), bytes.length - start)
    } catch (err) {
      this.#fail(err)
    }
    if (this.#outbox.waiting > tooFullOutbox && !this.#paused) {
      this.#paused = true
      this.#socket.pause()
    }
  }

  /** Returns where it ends. */
  #preface(bytes: Buffer): number {
    const length = Math.min(preface.length - this.#prefaceRead, bytes.length)
    if (bytes.toString('latin1', 0, length) !== preface.slice(this.#prefaceRead, this.#prefaceRead + length))
      throw new Http2Error(errorCode.protocolError, 'the client does not speak HTTP/2')
    this.#prefaceRead += length
    return length
  }

  #mayCome(type: number): void {
    if (!this.#greeted && type !== frameType.settings)
      throw new Http2Error(errorCode.protocolError, `a frame of type ${type} came before the settings`)
    if (this.#blocks.isOpen && type !== frameType.continuation)
      throw new Http2Error(errorCode.protocolError, 'another frame came within a header block')
  }

  /** A frame on a stream that is not open: one that the server has reset may still get what was on its way, others may not. */
  #stray(id: number, what: string): void {
    this.#requireBegun(id, what)
    if (this.#over.isFault(id, what)) this.#refuse(id, errorCode.streamClosed)
    else this.#budget.spend()
  }

  #requireBegun(id: number, what: string): void {
    if (id > this.#lastStream || id % 2 === 0)
      throw new Http2Error(errorCode.protocolError, `${what} came on stream ${id}, which nobody opened`)
  }

  #headers(id: number, endsStream: boolean, fields: readonly HeaderField[] | undefined): void {
    const stream = this.#open.get(id)
    if (stream !== undefined) this.#trailers(stream, endsStream, fields)
    else if (id <= this.#lastStream || id % 2 === 0) this.#stray(id, 'a header block')
    else {
      this.#over.began(id, this.#lastStream)
      this.#lastStream = id
      if (this.#goingAway || this.#open.size >= maxStreams) this.#refuse(id, errorCode.refusedStream)
      else if (fields === undefined) this.#refuse(id, errorCode.enhanceYourCalm)
      else this.#begin(id, readRequestHead(fields), endsStream)
    }
  }

  #begin(id: number, head: RequestHead | undefined, endsStream: boolean): void {
    if (head === undefined || (endsStream && (head.contentLength ?? 0) > 0)) {
      this.#refuse(id, errorCode.protocolError)
      return
    }
    const stream = new Http2Stream(id, head, this, this.#sender.streamWindow, streamWindow)
    this.#open.set(id, stream)
    this.#lastBegun = id
    if (endsStream) stream.endRequest()
    this.#events.request(stream)
  }

  #refuse(id: number, code: ErrorCode): void {
    this.#budget.spend()
    this.#over.reset(id, 'server')
    writeReset(this.#outbox.open(), id, code)
  }

  /** Nothing of them is used, but they end the request. */
  #trailers(stream: Http2Stream, endsStream: boolean, fields: readonly HeaderField[] | undefined): void {
    if (stream.requestEnded) this.#fault(stream, errorCode.streamClosed)
    else if (fields === undefined) this.#fault(stream, errorCode.enhanceYourCalm)
    else if (!endsStream || !areTrailers(fields) || !stream.endRequest()) this.#fault(stream, errorCode.protocolError)
  }

  /** The client broke a rule of the stream. Else it could have requests begun beyond all that may run at once (CVE-2025-8671). */
  #fault(stream: Http2Stream, code: ErrorCode): void {
    this.#budget.spend()
    this.reset(stream, code)
  }

  #widen(id: number, more: number): void {
    this.#budget.spendOnWindow()
    const stream = this.#open.get(id)
    if (id === 0) {
      if (more === 0) throw new Http2Error(errorCode.protocolError, 'the window was widened by nothing')
      this.#sender.widen(more)
      this.#sender.sendBlocked()
    } else if (stream === undefined) this.#requireBegun(id, 'a wider window')
    else if (more === 0) this.#fault(stream, errorCode.protocolError)
    else if (stream.sendWindow + more > largestWindow) this.#fault(stream, errorCode.flowControlError)
    else {
      stream.sendWindow += more
      this.#sender.resume(stream)
    }
  }

  /** Its code does not matter. */
  #reset(id: number, bytes: Buffer, start: number, end: number): void {
    numberAt(bytes, start, end, 4)
    this.#requireBegun(id, 'a reset')
    this.#budget.spendOnReset()
    const stream = this.#open.get(id)
    if (stream === undefined) return
    this.#over.reset(id, 'client')
    stream.close()
  }

  #settings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new Http2Error(errorCode.protocolError, 'settings came on a stream')
    if ((end - start) % 6 !== 0 || ((flags & frameFlag.ack) !== 0 && end > start))
      throw new Http2Error(errorCode.frameSizeError, 'settings of a wrong length came')
    this.#budget.spend()
    // One of them may change the window of every stream, and a frame holds thousands.
    for (let at = start; at < end; at += 6) this.#budget.spend()
    if ((flags & frameFlag.ack) !== 0) {
      if (!this.#greeted) throw new Http2Error(errorCode.protocolError, 'settings were acknowledged before any came')
      return
    }
    for (let at = start; at < end; at += 6) {
      const name = bytes.readUInt16BE(at)
      const value = bytes.readUInt32BE(at + 2)
      if (name === setting.enablePush && value > 1) throw new Http2Error(errorCode.protocolError, `a push of ${value} was set`)
      this.#sender.set(name, value, this.#open.values())
    }
    this.#greeted = true
    // What they make room for leaves as soon as the socket has taken this.
    writeSettingsAck(this.#outbox.open())
  }

  #ping(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new Http2Error(errorCode.protocolError, 'a ping came on a stream')
    if (end - start !== 8) throw new Http2Error(errorCode.frameSizeError, 'a ping of a wrong length came')
    this.#budget.spend()
    if ((flags & frameFlag.ack) === 0) writePingAck(this.#outbox.open(), bytes, start)
  }

  /** So many bytes of bodies are out of the way. */
  #notify(bytes: number): void {
    this.#unnotified += bytes
    if (this.#unnotified < connectionWindow / 2 || this.#closed) return
    writeWindowUpdate(this.#outbox.open(), 0, this.#unnotified)
    this.#receiveWindow += this.#unnotified
    this.#unnotified = 0
  }

  // ── the end

  /** The socket has taken a write. */
  #taken(): void {
    if (this.#closed) return
    this.#sender.sendBlocked()
    if (this.#paused && this.#outbox.waiting <= tooFullOutbox) {
      this.#paused = false
      this.#socket.resume()
    }
  }

  #endWhenDone(): void {
    if (!this.#goingAway || this.#closed || this.#open.size > 0) return
    this.#outbox.close(() => this.#socket.end())
  }

  #fail(err: unknown): void {
    if (this.#closed) return
    const failure = err instanceof Http2Error ? err : new Http2Error(errorCode.internalError, String(err))
    this.#events.failed(err instanceof Error ? err : failure)
    writeGoAway(this.#outbox.open(), this.#lastBegun, failure.code)
    this.#close()
    // Who reads nothing is ended by the next look.
    this.#outbox.close(() => this.#socket.destroySoon())
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const stream of [...this.#open.values()]) stream.close()
    this.#open.clear()
  }
}
