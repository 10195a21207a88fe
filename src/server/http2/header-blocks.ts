// Assembles header blocks from HEADERS and CONTINUATION frames, and decodes them.
import { GrowingBuffer } from '../../base/data/growing-buffer.ts'
import { errorCode, frameFlag, Http2Error } from './wire/frames.ts'
import { HeaderDecoder } from './wire/header-decoder.ts'
import type { HeaderField } from './wire/header-table.ts'

export const maxHeaderBytes = 64 * 1024
export const maxHeaderFields = 100
/** Bytes of a stream number and a weight. */
export const prioritySize = 5

/** A stream must not depend on itself (RFC 7540, 5.3.1). Priorities are otherwise ignored. */
export function requireOtherStream(stream: number, bytes: Buffer, at: number): void {
  if ((bytes.readUInt32BE(at) & 0x7fff_ffff) === stream) throw new Http2Error(errorCode.protocolError, `stream ${stream} depends on itself`)
}

/** Receives a complete block. `fields` is undefined if they exceed the limits. */
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

  /** Whether the next frame must be a CONTINUATION. */
  get isOpen(): boolean {
    return this.#block !== undefined
  }

  /** The content of a HEADERS frame. */
  begin(flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    const from = (flags & frameFlag.priority) === 0 ? start : start + prioritySize
    if (from > end) throw new Http2Error(errorCode.frameSizeError, `a HEADERS frame of stream ${stream} is too short for its priority`)
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
      throw new Http2Error(errorCode.protocolError, `a CONTINUATION came on stream ${stream}, which has no open header block`)
    if (block.bytes.length + end - start > maxHeaderBytes)
      throw new Http2Error(errorCode.enhanceYourCalm, `a header block is longer than ${maxHeaderBytes} bytes`)
    block.bytes.push(bytes.subarray(start, end))
    if ((flags & frameFlag.endHeaders) === 0) return
    this.#block = undefined
    this.#decode(stream, block.endsStream, block.bytes.bytes(), 0, block.bytes.length)
  }

  /** Blocks of closed or refused streams are decoded too, because they change the dynamic table. */
  #decode(stream: number, endsStream: boolean, bytes: Buffer, start: number, end: number): void {
    const fields = this.#decoder.decode(bytes, start, end)
    this.#onBlock(stream, endsStream, this.#decoder.isTooLarge ? undefined : fields)
  }
}
