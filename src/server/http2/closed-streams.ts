// Remembers how streams closed. It decides whether a late frame on a closed stream is ignored, a stream error, or a connection error
// (RFC 9113, 5.1 and 5.1.1).
import { errorCode, Http2Error } from './wire/frames.ts'

/** Remembered resets. Frames that the client had already sent arrive within a round trip. */
export const maxResets = 1000
/** Remembered gaps between stream numbers. No known client skips numbers. */
export const maxGaps = 100

type ResetBy = 'server' | 'client'

export class ClosedStreams {
  readonly #resets = new Map<number, ResetBy>()
  /** First and last skipped number of each gap, in order. */
  readonly #gaps: (readonly [first: number, last: number])[] = []

  /** Stream `id` opens; `before` was the highest number so far. */
  began(id: number, before: number): void {
    // The first stream of a client is 1.
    const expected = before === 0 ? 1 : before + 2
    if (id === expected) return
    this.#gaps.push([expected, id - 2])
    if (this.#gaps.length > maxGaps) this.#gaps.shift()
  }

  /** An open stream was reset, or a new one was refused. */
  reset(id: number, by: ResetBy): void {
    this.#resets.set(id, by)
    if (this.#resets.size <= maxResets) return
    const [oldest] = this.#resets.keys()
    if (oldest !== undefined) this.#resets.delete(oldest)
  }

  /**
   * Whether HEADERS or DATA on a closed stream is a stream error. It is not if the client could not know yet that the server had reset the stream.
   * Throws the connection error if the stream never opened or ended normally.
   */
  isFault(id: number, what: string): boolean {
    const by = this.#resets.get(id)
    if (by !== undefined) return by === 'client'
    if (this.#gaps.some(([first, last]) => id >= first && id <= last))
      throw new Http2Error(errorCode.protocolError, `${what} came on stream ${id}, whose number was skipped`)
    throw new Http2Error(errorCode.streamClosed, `${what} came on stream ${id}, which is closed`)
  }
}
