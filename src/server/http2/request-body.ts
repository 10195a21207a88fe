// The body of a request as its DATA frames arrive. Unread bytes are buffered within the window of the stream; the window grows by what was read.
import { Readable } from 'node:stream'

export type BodyFailure = 'too large' | 'too slow' | 'ended early'

/** How a body is read. The server sets the time limit and creates the errors. */
export interface BodyTerms {
  /** Time limit for the whole body. */
  readonly maxMs: number
  error(failure: BodyFailure, limit: number): Error
}

/** Called with the number of bytes that were read or dropped. */
export type OnTaken = (bytes: number) => void

const nothing = Buffer.alloc(0)
/** The buffer grows with the bytes that arrive, not with the announced length. */
const largestFirst = 64 * 1024

export class RequestBody {
  readonly #taken: OnTaken
  readonly #announced: number | undefined
  #bytes: Buffer = nothing
  #length = 0
  /** Received bytes that were not yet returned to the window. */
  #owed = 0
  /** The most bytes to collect, or to drop. */
  #limit = Number.POSITIVE_INFINITY
  /** Set by the first reader. */
  #terms: BodyTerms | undefined
  /** The caller of `collect`. */
  #waiting: PromiseWithResolvers<Buffer> | undefined
  #timer: NodeJS.Timeout | undefined
  /** The stream that `pass` returned. */
  #passing: Readable | undefined
  /** Number of dropped bytes; undefined unless the body is dropped. */
  #dropped: number | undefined
  #tooMuch: (() => void) | undefined
  /** Set once no more bytes come: `ended` at the end of the body, `cut` before it. */
  #over: 'ended' | 'cut' | undefined

  constructor(announced: number | undefined, taken: OnTaken) {
    this.#announced = announced
    this.#taken = taken
  }

  /** The bytes are valid during the call only. */
  add(bytes: Buffer, start: number, end: number): void {
    this.#owed += end - start
    if (this.#dropped !== undefined) this.#drop()
    else if (this.#passing !== undefined) this.#passing.push(Buffer.from(bytes.subarray(start, end)))
    else {
      this.#keep(bytes, start, end)
      if (this.#waiting !== undefined) this.#collected()
    }
  }

  end(): void {
    if (this.#over !== undefined) return
    this.#over = 'ended'
    this.#passing?.push(null)
    this.#resolve()
  }

  /** The stream is closed: reset, disconnected, or answered. Unread bytes are dropped and returned to the window. */
  cut(): void {
    const goesOn = this.#over === undefined
    this.#over = 'cut'
    if (goesOn) {
      this.#passing?.destroy(this.#error('ended early'))
      this.#reject('ended early')
    }
    this.#take()
    this.#acknowledge()
  }

  /** Resolves with the whole body. Rejects if more than `limit` bytes are announced or arrive, if the client stops early, or after the time limit. */
  collect(limit: number, terms: BodyTerms): Promise<Buffer> {
    this.#terms = terms
    if ((this.#announced ?? 0) > limit) {
      this.drop()
      return Promise.reject(terms.error('too large', limit))
    }
    if (this.#over === 'cut') return Promise.reject(terms.error('ended early', limit))
    this.#limit = limit
    this.#waiting = Promise.withResolvers()
    const { promise } = this.#waiting
    this.#collected()
    if (this.#over === 'ended') this.#resolve()
    else if (this.#waiting !== undefined) this.#timer = setTimeout(() => this.#late(), terms.maxMs)
    return promise
  }

  /** The body as a stream, at the speed of its reader. */
  pass(terms: BodyTerms): Readable {
    this.#terms = terms
    const passing = new Readable({
      read: () => this.#acknowledge(),
      destroy: (err, done) => {
        this.drop()
        done(err)
      },
    })
    // Readers add their own listener. Without this one, a stream that is cut after its reader left would end the process.
    passing.on('error', () => undefined)
    if (this.#over === 'cut') return passing.destroy(this.#error('ended early'))
    this.#passing = passing
    const kept = this.#take()
    if (kept.length > 0) passing.push(kept)
    if (this.#over === 'ended') passing.push(null)
    return passing
  }

  /** Drops the rest of the body, and calls `tooMuch` with each piece beyond `most` bytes. */
  drop(most = Number.POSITIVE_INFINITY, tooMuch?: () => void): void {
    const passing = this.#passing
    this.#passing = undefined
    // Its reader gets an error.
    passing?.destroy(this.#error('ended early'))
    this.#take()
    this.#dropped = 0
    this.#limit = most
    this.#tooMuch = tooMuch
    this.#drop()
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start
    if (needed > this.#bytes.length) {
      const announced = Math.min(this.#announced ?? 0, largestFirst)
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#length === 0 ? announced : 2 * this.#bytes.length))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    bytes.copy(this.#bytes, this.#length, start, end)
    this.#length = needed
  }

  #take(): Buffer {
    const kept = this.#bytes.subarray(0, this.#length)
    this.#bytes = nothing
    this.#length = 0
    return kept
  }

  #acknowledge(): void {
    const owed = this.#owed
    this.#owed = 0
    if (owed > 0) this.#taken(owed)
  }

  #collected(): void {
    this.#acknowledge()
    if (this.#length <= this.#limit) return
    this.#reject('too large')
    this.drop()
  }

  #drop(): void {
    this.#dropped = (this.#dropped ?? 0) + this.#owed
    this.#acknowledge()
    if (this.#dropped > this.#limit) this.#tooMuch?.()
  }

  #late(): void {
    this.#reject('too slow')
    this.drop()
  }

  #resolve(): void {
    clearTimeout(this.#timer)
    this.#waiting?.resolve(this.#take())
    this.#waiting = undefined
  }

  #error(failure: BodyFailure): Error | undefined {
    return this.#terms?.error(failure, this.#limit)
  }

  #reject(failure: BodyFailure): void {
    clearTimeout(this.#timer)
    this.#waiting?.reject(this.#error(failure))
    this.#waiting = undefined
  }
}
