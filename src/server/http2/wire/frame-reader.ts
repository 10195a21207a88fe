// Reads frames from the pieces in which they arrive. Complete frames and parts of DATA frames are passed on without a copy.
import { defaultFrameSize, errorCode, frameFlag, frameType, Http2Error, headSize } from './frames.ts'

/** `bytes` are valid during the call only. */
export interface FrameSink {
  /** A part of a DATA frame without its padding; `counted` is the number of bytes for flow control, padding included. */
  data(stream: number, bytes: Buffer, start: number, end: number, endsStream: boolean, counted: number): void
  /** Any other frame, complete. */
  frame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): void
}

const nothing = Buffer.alloc(0)

export class FrameReader {
  readonly #sink: FrameSink
  /** The beginning of an incomplete frame: room for its header, then for the whole frame. Most connections never need it. */
  #partial: Buffer = nothing
  #have = 0
  /** Missing bytes of a DATA frame without padding, and its stream. */
  #rest = 0
  #stream = 0
  #endsStream = false

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  read(bytes: Buffer, end: number): void {
    let at = 0
    while (at < end) {
      if (this.#rest > 0) at = this.#data(bytes, at, end)
      else if (this.#have > 0) at = this.#complete(bytes, at, end)
      else at = this.#frame(bytes, at, end)
    }
  }

  /** Returns the offset of the next frame. An incomplete frame is kept. */
  #frame(bytes: Buffer, at: number, end: number): number {
    const size = end - at < headSize ? headSize : headSize + lengthAt(bytes, at)
    if (end - at >= headSize && isPlainData(bytes, at)) return this.#beginData(bytes, at)
    if (end - at < size) {
      this.#partial = Buffer.allocUnsafe(size)
      this.#have = bytes.copy(this.#partial, 0, at, end)
      return end
    }
    this.#hand(bytes, at, at + size)
    return at + size
  }

  /** Adds to the incomplete frame: first its header, then its content. */
  #complete(bytes: Buffer, at: number, end: number): number {
    const headMissing = headSize - this.#have
    const wanted = headMissing > 0 ? headMissing : headSize + lengthAt(this.#partial, 0) - this.#have
    const taken = Math.min(wanted, end - at)
    this.#have += bytes.copy(this.#partial, this.#have, at, at + taken)
    if (this.#have >= headSize) {
      const size = headSize + lengthAt(this.#partial, 0)
      if (isPlainData(this.#partial, 0)) this.#beginData(this.#take(), 0)
      else if (this.#have === size) this.#hand(this.#take(), 0, size)
      else if (this.#partial.length < size) {
        const head = this.#partial
        this.#partial = Buffer.allocUnsafe(size)
        head.copy(this.#partial, 0, 0, headSize)
      }
    }
    return at + taken
  }

  #take(): Buffer {
    const partial = this.#partial
    this.#partial = nothing
    this.#have = 0
    return partial
  }

  #beginData(bytes: Buffer, at: number): number {
    const start = at + headSize
    this.#rest = lengthAt(bytes, at)
    this.#stream = streamAt(bytes, at)
    this.#endsStream = ((bytes[at + 4] ?? 0) & frameFlag.endStream) !== 0
    if (this.#rest === 0) this.#sink.data(this.#stream, bytes, start, start, this.#endsStream, 0)
    return start
  }

  #data(bytes: Buffer, at: number, end: number): number {
    const taken = Math.min(this.#rest, end - at)
    this.#rest -= taken
    this.#sink.data(this.#stream, bytes, at, at + taken, this.#endsStream && this.#rest === 0, taken)
    return at + taken
  }

  #hand(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 3] ?? 0
    const flags = bytes[at + 4] ?? 0
    const stream = streamAt(bytes, at)
    let start = at + headSize
    if ((flags & frameFlag.padded) === 0 || (type !== frameType.data && type !== frameType.headers)) {
      this.#sink.frame(type, flags, stream, bytes, start, end)
      return
    }
    const counted = end - start
    const contentEnd = end - (bytes[start] ?? 0)
    start++
    if (contentEnd < start) throw new Http2Error(errorCode.protocolError, `a frame of stream ${stream} has more padding than content`)
    if (type === frameType.headers) this.#sink.frame(type, flags, stream, bytes, start, contentEnd)
    else this.#sink.data(stream, bytes, start, contentEnd, (flags & frameFlag.endStream) !== 0, counted)
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
  if (length > defaultFrameSize)
    throw new Http2Error(errorCode.frameSizeError, `a frame has ${length} bytes, at most ${defaultFrameSize} are allowed`)
  return length
}

function isPlainData(bytes: Buffer, at: number): boolean {
  return bytes[at + 3] === frameType.data && ((bytes[at + 4] ?? 0) & frameFlag.padded) === 0
}

/** Without the reserved bit. */
function streamAt(bytes: Buffer, at: number): number {
  return (((bytes[at + 5] ?? 0) & 0x7f) << 24) | ((bytes[at + 6] ?? 0) << 16) | ((bytes[at + 7] ?? 0) << 8) | (bytes[at + 8] ?? 0)
}
