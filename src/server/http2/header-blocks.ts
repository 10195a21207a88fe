// Puts header blocks together, which may come in several frames, and decodes them.
import { GrowingBuffer } from '../../base/growing-buffer.ts'
import { errorCode, frameFlag, Http2Error } from './wire/frames.ts'
import { HeaderDecoder } from './wire/header-decoder.ts'
import type { HeaderField } from './wire/header-table.ts'

export const maxHeaderBytes = 64 * 1024
export const maxHeaderFields = 100
/** A stream's number and its weight. */
export const prioritySize = 5

/** RFC 7540, 5.3.1: priorities themselves are not used. */
export function requireOtherStream(stream: number, bytes: Buffer, at: number): void {
  if ((bytes.readUInt32BE(at) & 0x7fff_ffff) === stream) throw new Http2Error(errorCode.protocolError, `stream ${stream} depends on itself`)
}

/** A block that is whole. `fields` is undefined where there are too many or they are too long. */
export type OnBlock = (stream: number, endsStream: boolean, fields: readonly HeaderField[] | undefined) => void

interface OpenBlock {
  readonly stream: number
  readonly endsStream: boolean
  readonly bytes: GrowingBuffer
}

export class HeaderBlocks {
  readonly #decoder = new HeaderDecoder({ bytes: maxHeaderBytes, fields: maxHeaderFields })
  readonly #onBlock: OnBlock
  #block: OpenBlock | undefined

  constructor(onBlock: OnBlock) {
    this.#onBlock = onBlock
  }

  /** Whether the next frame must go on with a block. */
  get isOpen(): boolean {
    return this.#block !== undefined
  }

  /** The content of a HEADERS frame. */
  begin(flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    const from = (flags & frameFlag.priority) === 0 ? start : start + prioritySize
    if (from > end) throw new Http2Error(errorCode.frameSizeError, `a frame of stream ${stream} ends within its priority`)
    if (from !== start) requireOtherStream(stream, bytes, start)
    const endsStream = (flags & frameFlag.endStream) !== 0
    if ((flags & frameFlag.endHeaders) !== 0) this.#decode(stream, endsStream, bytes, from, end)
    else {
      this.#block = { stream, endsStream, bytes: new GrowingBuffer() }
      this.#block.bytes.push(Buffer.from(bytes.subarray(from, end)))
    }
  }

  /** The content of a CONTINUATION frame. */
  goOn(flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block
    if (block?.stream !== stream)
      throw new Http2Error(errorCode.protocolError, `a header block of stream ${stream} goes on that has not begun`)
    if (block.bytes.length + end - start > maxHeaderBytes)
      throw new Http2Error(errorCode.enhanceYourCalm, `a header block is longer than ${maxHeaderBytes} bytes`)
    block.bytes.push(bytes.subarray(start, end))
    if ((flags & frameFlag.endHeaders) === 0) return
    this.#block = undefined
    this.#decode(stream, block.endsStream, block.bytes.bytes(), 0, block.bytes.length)
  }

  /** Also of a stream that is over or refused: the table goes on. */
  #decode(stream: number, endsStream: boolean, bytes: Buffer, start: number, end: number): void {
    const fields = this.#decoder.decode(bytes, start, end)
    this.#onBlock(stream, endsStream, this.#decoder.isTooLarge ? undefined : fields)
  }
}
