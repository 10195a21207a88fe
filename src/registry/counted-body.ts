// The body of a request on its way to the registry, counted as it arrives.
import { Transform, type TransformCallback } from 'node:stream'

export class CountedBody extends Transform {
  readonly #count: (bytes: number) => void
  bytes = 0

  /** `count` gets the bytes of each piece before it is passed on; what it throws ends the request. */
  constructor(count: (bytes: number) => void) {
    super()
    this.#count = count
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += piece.length
    try {
      this.#count(piece.length)
    } catch (err) {
      done(err instanceof Error ? err : new Error(String(err)))
      return
    }
    done(null, piece)
  }
}
