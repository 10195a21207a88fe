// The server side of one HTTP/2 connection (RFC 9113). A stream error resets the stream and a connection error closes the connection, each with its code.
// Windows, the number of streams and the control budget bound the memory.
import type { Duplex } from 'node:stream'
import { checkGoAway, checkPriority } from './checked-frames.ts'
import { ClosedStreams } from './closed-streams.ts'
import { ControlBudget } from './control-budget.ts'
import { HeaderBlocks, maxHeaderBytes } from './header-blocks.ts'
import { SignsOfLife } from './keepalive.ts'
import { ReceiveWindows, unreadWindow } from './receive-windows.ts'
import { areTrailers, type RequestHead, readRequestHead } from './request-head.ts'
import { ResponseSender } from './response-sender.ts'
import { Http2Stream, type StreamOwner } from './stream.ts'
import { FrameReader, type FrameSink } from './wire/frame-reader.ts'
import {
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
} from './wire/frames.ts'
import type { HeaderField } from './wire/header-table.ts'
import { Outbox } from './wire/outbox.ts'

export const maxStreams = 250
/** With more than this waiting to be sent, the server stops reading: a client that reads nothing would fill the memory with answers. */
const tooFullOutbox = 512 * 1024
/** A client that reads its responses has only a few unread at a time. */
export const maxUnreadRefusals = 32

/** The part of Node's TLS socket that is used. */
export type ClientSocket = Duplex & { destroySoon(): void }

export interface ConnectionEvents {
  /** A request begins: its head is complete. */
  request(stream: Http2Stream): void
  /** The connection failed, or the client caused a connection error. */
  failed(err: Error): void
}

export class Http2ServerConnection implements FrameSink, StreamOwner {
  readonly #socket: ClientSocket
  readonly #events: ConnectionEvents
  readonly #outbox: Outbox
  readonly #budget = new ControlBudget()
  readonly #sender: ResponseSender
  readonly #windows: ReceiveWindows
  readonly #life: SignsOfLife
  readonly #reader = new FrameReader(this)
  readonly #blocks = new HeaderBlocks((stream, endsStream, fields) => this.#headers(stream, endsStream, fields))
  readonly #open = new Map<number, Http2Stream>()
  readonly #over = new ClosedStreams()
  #prefaceRead = 0
  #greeted = false
  /** The highest stream number seen, and the highest that became a request. */
  #lastStream = 0
  #lastBegun = 0
  readonly #unreadRefusals = new Set<Http2Stream>()
  #paused = false
  #goingAway = false
  #closed = false

  constructor(socket: ClientSocket, events: ConnectionEvents) {
    this.#socket = socket
    this.#events = events
    this.#outbox = new Outbox(socket, () => this.#taken())
    this.#sender = new ResponseSender(this.#outbox, this.#budget)
    this.#windows = new ReceiveWindows(this.#outbox)
    this.#life = new SignsOfLife(this.#outbox, this.#sender)
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.once('end', () => this.destroy())
    socket.once('close', () => this.#close())
    writeSettings(this.#outbox.open(), [
      [setting.enablePush, 0],
      [setting.maxConcurrentStreams, maxStreams],
      [setting.initialWindowSize, unreadWindow],
      [setting.maxHeaderListSize, maxHeaderBytes],
    ])
    this.#windows.open()
  }

  /** Lets open streams finish, then closes the connection. */
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

  /** Called at intervals: closes the connection after two intervals without a sign of life, and resets responses that the client does not read. */
  look(): void {
    const { dead, flows } = this.#life.look()
    // A failed connection still open means that the client has not read the GOAWAY.
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
    this.#windows.came(counted)
    const stream = this.#open.get(id)
    if (stream === undefined || stream.requestEnded) {
      this.#windows.dropped(counted)
      if (stream === undefined) this.#stray(id, 'data')
      else this.#fault(stream, errorCode.streamClosed)
      return
    }
    stream.receiveWindow -= counted
    if (start === end && !endsStream) this.#budget.spend()
    if (stream.receiveWindow < 0 || !stream.accepts(end - start)) {
      this.#windows.dropped(counted)
      this.#fault(stream, stream.receiveWindow < 0 ? errorCode.flowControlError : errorCode.protocolError)
      return
    }
    const padding = counted - (end - start)
    if (padding > 0) this.#windows.padded(stream, padding)
    if (!stream.isRead) this.#windows.waits(stream, end - start)
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
    else if (type === frameType.pushPromise) throw new Http2Error(errorCode.protocolError, 'a client must not send PUSH_PROMISE')
    else {
      this.#budget.spend()
      if (type === frameType.priority) checkPriority(id, bytes, start, end)
      else if (type === frameType.goAway) checkGoAway(id, end - start)
      // RFC 9113, 4.1: frames of other types are ignored.
    }
  }

  // ── requests of streams

  reading(stream: Http2Stream): void {
    this.#windows.reading(stream)
  }

  taken(stream: Http2Stream, bytes: number): void {
    this.#windows.taken(stream, bytes)
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
    if (this.#unreadRefusals.size > maxUnreadRefusals)
      this.#fail(new Http2Error(errorCode.enhanceYourCalm, 'the client does not read its responses'))
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
    // Before the preface is complete, single bytes do not keep the connection alive.
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

  /** Returns the offset behind the preface. */
  #preface(bytes: Buffer): number {
    const length = Math.min(preface.length - this.#prefaceRead, bytes.length)
    if (bytes.toString('latin1', 0, length) !== preface.slice(this.#prefaceRead, this.#prefaceRead + length))
      throw new Http2Error(errorCode.protocolError, 'the connection preface is not that of HTTP/2')
    this.#prefaceRead += length
    return length
  }

  #mayCome(type: number): void {
    if (!this.#greeted && type !== frameType.settings)
      throw new Http2Error(errorCode.protocolError, `a frame of type ${type} came before SETTINGS`)
    if (this.#blocks.isOpen && type !== frameType.continuation)
      throw new Http2Error(errorCode.protocolError, 'another frame interrupted a header block')
  }

  /** A frame on a stream that is not open. It is allowed if the server has reset the stream and the frame was already on its way. */
  #stray(id: number, what: string): void {
    this.#requireBegun(id, what)
    if (this.#over.isFault(id, what)) this.#refuse(id, errorCode.streamClosed)
    else this.#budget.spend()
  }

  #requireBegun(id: number, what: string): void {
    if (id > this.#lastStream || id % 2 === 0) throw new Http2Error(errorCode.protocolError, `${what} came on stream ${id}, which is idle`)
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
    const stream = new Http2Stream(id, head, this, this.#sender.streamWindow, unreadWindow)
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

  /** The server ignores the fields of trailers; they end the request. */
  #trailers(stream: Http2Stream, endsStream: boolean, fields: readonly HeaderField[] | undefined): void {
    if (stream.requestEnded) this.#fault(stream, errorCode.streamClosed)
    else if (fields === undefined) this.#fault(stream, errorCode.enhanceYourCalm)
    else if (!endsStream || !areTrailers(fields) || !stream.endRequest()) this.#fault(stream, errorCode.protocolError)
  }

  /** A stream error. It counts against the budget: a client could otherwise start more requests than may run at once (CVE-2025-8671). */
  #fault(stream: Http2Stream, code: ErrorCode): void {
    this.#budget.spend()
    this.reset(stream, code)
  }

  #widen(id: number, more: number): void {
    this.#budget.spendOnWindow()
    const stream = this.#open.get(id)
    if (id === 0) {
      if (more === 0) throw new Http2Error(errorCode.protocolError, 'a WINDOW_UPDATE has an increment of 0')
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

  /** The error code does not matter. */
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
    if (id !== 0) throw new Http2Error(errorCode.protocolError, 'SETTINGS came on a stream')
    if ((end - start) % 6 !== 0 || ((flags & frameFlag.ack) !== 0 && end > start))
      throw new Http2Error(errorCode.frameSizeError, 'a SETTINGS frame has the wrong length')
    this.#budget.spend()
    // A SETTINGS frame holds thousands of settings, and each may change the window of every stream.
    for (let at = start; at < end; at += 6) this.#budget.spend()
    if ((flags & frameFlag.ack) !== 0) {
      if (!this.#greeted) throw new Http2Error(errorCode.protocolError, 'an acknowledgement of SETTINGS came before SETTINGS')
      return
    }
    for (let at = start; at < end; at += 6) {
      const name = bytes.readUInt16BE(at)
      const value = bytes.readUInt32BE(at + 2)
      if (name === setting.enablePush && value > 1) throw new Http2Error(errorCode.protocolError, `SETTINGS_ENABLE_PUSH is ${value}`)
      this.#sender.set(name, value, this.#open.values())
    }
    this.#greeted = true
    // The bytes that now fit are sent as soon as the socket has taken the acknowledgement.
    writeSettingsAck(this.#outbox.open())
  }

  #ping(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new Http2Error(errorCode.protocolError, 'a PING came on a stream')
    if (end - start !== 8) throw new Http2Error(errorCode.frameSizeError, 'a PING has the wrong length')
    this.#budget.spend()
    if ((flags & frameFlag.ack) === 0) writePingAck(this.#outbox.open(), bytes, start)
  }

  // ── closing

  /** The socket has accepted a write. */
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
    // If the client reads nothing, the next look closes the connection.
    this.#outbox.close(() => this.#socket.destroySoon())
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#windows.close()
    for (const stream of [...this.#open.values()]) stream.close()
    this.#open.clear()
  }
}
