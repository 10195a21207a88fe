// Reads a tar archive as it streams by: memory for one piece, and for the content that the caller collects.
import { ExtendedHeaders, isExtension, limitExtension } from './extended-headers.ts'
import { readTarHeader, type TarHead, tarBlock } from './tar-header.ts'

export interface StreamedEntry {
  readonly head: TarHead
  /** The first bytes of its content, at most `length`; they stay in the stream. */
  peek(length: number): Promise<Buffer>
  /** Its whole content. The caller bounds `head.size` before. Once only. */
  content(): Promise<Buffer>
  /** Its content as it streams by; pieces are valid until the next one. Once only. */
  pieces(): AsyncGenerator<Uint8Array>
}

/**
 * Each entry of the archive in its order; what the caller leaves of an entry is skipped. The stream is read to its end, also beyond the archive's,
 * so that its digest can be checked. Rejects if it is not a tar archive or ends early.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedEntry> {
  const bytes = new ByteStream(stream)
  const extended = new ExtendedHeaders()
  try {
    for (;;) {
      const block = await bytes.read(tarBlock)
      if (block.length === 0) break
      const head = readTarHeader(block)
      if (head === undefined) break
      for (let more = head.hasMoreMap; more; ) more = (await bytes.exactly(tarBlock))[504] === 1
      if (isExtension(head.letter)) {
        limitExtension(head.size)
        extended.add(head.letter, await bytes.copy(head.size))
        await bytes.skip(padding(head.size))
        continue
      }
      const entry = extended.apply(head)
      let rest = entry.size
      yield {
        head: entry,
        peek: async length => await bytes.peek(Math.min(length, rest)),
        content: async () => {
          const content = await bytes.copy(rest)
          rest = 0
          return content
        },
        async *pieces() {
          while (rest > 0) {
            const piece = await bytes.piece(rest)
            rest -= piece.length
            yield piece
          }
        },
      }
      await bytes.skip(rest + padding(entry.size))
    }
    await bytes.drain()
  } finally {
    await bytes.close()
  }
}

/** Bytes between a content and the next header. */
const padding = (size: number): number => (tarBlock - (size % tarBlock)) % tarBlock

class ByteStream {
  readonly #pieces: AsyncIterator<Uint8Array>
  #piece: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#pieces = stream[Symbol.asyncIterator]()
  }

  /** False at the end of the stream. */
  async #next(): Promise<boolean> {
    const { value, done } = await this.#pieces.next()
    if (done === true) return false
    this.#piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    this.#at = 0
    return true
  }

  /** Makes `length` bytes contiguous, or what is left of the stream. */
  async peek(length: number): Promise<Buffer> {
    while (this.#piece.length - this.#at < length) {
      const rest = this.#piece.subarray(this.#at)
      if (!(await this.#next())) {
        this.#piece = rest
        this.#at = 0
        break
      }
      if (rest.length > 0) this.#piece = Buffer.concat([rest, this.#piece])
    }
    return this.#piece.subarray(this.#at, this.#at + length)
  }

  async read(length: number): Promise<Buffer> {
    const found = await this.peek(length)
    this.#at += found.length
    return found
  }

  async exactly(length: number): Promise<Buffer> {
    const found = await this.read(length)
    if (found.length < length) throw new Error('it ends within an entry')
    return found
  }

  /** The next bytes in memory of their own. */
  async copy(length: number): Promise<Buffer> {
    // Not from the pool, whose memory one small file would keep.
    const copied = Buffer.allocUnsafeSlow(length)
    for (let filled = 0; filled < length; ) {
      if (this.#at === this.#piece.length && !(await this.#next())) throw new Error('it ends within an entry')
      const taken = this.#piece.copy(copied, filled, this.#at, this.#at + length - filled)
      filled += taken
      this.#at += taken
    }
    return copied
  }

  /** At most `length` bytes, and at least one. */
  async piece(length: number): Promise<Buffer> {
    while (this.#at === this.#piece.length) if (!(await this.#next())) throw new Error('it ends within an entry')
    const piece = this.#piece.subarray(this.#at, this.#at + length)
    this.#at += piece.length
    return piece
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      if (this.#at === this.#piece.length && !(await this.#next())) throw new Error('it ends within an entry')
      const taken = Math.min(left, this.#piece.length - this.#at)
      this.#at += taken
      left -= taken
    }
  }

  async drain(): Promise<void> {
    while (await this.#next());
  }

  async close(): Promise<void> {
    await this.#pieces.return?.()
  }
}
