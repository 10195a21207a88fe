// What is remembered of streams that are over: by how they ended, a frame that still comes on one is no fault, one of the stream, or one of the connection
// (RFC 9113, 5.1 and 5.1.1).
import { errorCode, Http2Error } from './wire/frames.ts'

/** Resets that are remembered; what a client had on its way then comes within a round trip. */
export const maxResets = 1000
/** Gaps between the numbers of streams; no client leaves out any. */
export const maxGaps = 100

type ResetBy = 'server' | 'client'

export class ClosedStreams {
  readonly #resets = new Map<number, ResetBy>()
  /** First and last of the numbers that were left out, in their order. */
  readonly #gaps: (readonly [first: number, last: number])[] = []

  /** A stream begins behind the highest one before. */
  began(id: number, before: number): void {
    // The first is 1.
    const expected = before === 0 ? 1 : before + 2
    if (id === expected) return
    this.#gaps.push([expected, id - 2])
    if (this.#gaps.length > maxGaps) this.#gaps.shift()
  }

  /** A stream that was not over was reset, or refused before it began. */
  reset(id: number, by: ResetBy): void {
    this.#resets.set(id, by)
    if (this.#resets.size <= maxResets) return
    const [oldest] = this.#resets.keys()
    if (oldest !== undefined) this.#resets.delete(oldest)
  }

  /**
   * Whether a header block or DATA that comes on a stream that is over is a fault of the stream, for which it is reset. It is none where the client could
   * not know yet that the server has reset it. Throws what it is for the connection where the stream never began or has ended regularly.
   */
  isFault(id: number, what: string): boolean {
    const by = this.#resets.get(id)
    if (by !== undefined) return by === 'client'
    if (this.#gaps.some(([first, last]) => id >= first && id <= last))
      throw new Http2Error(errorCode.protocolError, `${what} came on stream ${id}, which was left out`)
    throw new Http2Error(errorCode.streamClosed, `${what} came on stream ${id}, which has ended`)
  }
}
