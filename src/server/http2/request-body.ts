// The body of a request as its frames bring it. What nobody has asked for yet is kept, within the window of its stream, and the client may send as much
// more as was taken.
import { Readable } from 'node:stream'

export type BodyFailure = 'too large' | 'too slow' | 'ended early'

/** On which terms a body is read: the server sets them, and words what its own callers are told. */
export interface BodyTerms {
  /** The longest that a whole body may take. */
  readonly maxMs: number
  error(failure: BodyFailure, limit: number): Error
}

/** Told of each byte that is out of the way. */
export type OnTaken = (bytes: number) => void

const nothing = Buffer.alloc(0)
/** Room is taken as bytes come, not as they are announced. */
const largestFirst = 64 * 1024

export class RequestBody {
  readonly #taken: OnTaken
  readonly #announced: number | undefined
  #bytes: Buffer = nothing
  #length = 0
  /** Of what came, the bytes that the client was not told of as taken. */
  #owed = 0
  /** Of what is collected or dropped. */
  #limit = Number.POSITIVE_INFINITY
  /** Set with the first reader. */
  #terms: BodyTerms | undefined
  /** Who waits for the whole. */
  #waiting: PromiseWithResolvers<Buffer> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Who takes it as it comes. */
  #passing: Readable | undefined
  /** Bytes that were thrown away, since nobody wants them. */
  #dropped: number | undefined
  #tooMuch: (() => void) | undefined
  /** Set once nothing more comes: by the end of the body, or before it. */
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

  /** The stream is over: the client has reset it, or is gone, or has its answer. What nobody has asked for by now nobody gets, and counts as taken. */
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

  /** Rejects where more than `limit` bytes are announced or come, where the client stops in the middle, and where it takes too long. */
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

  /** As it comes, at the pace of the reader. */
  pass(terms: BodyTerms): Readable {
    this.#terms = terms
    const passing = new Readable({
      read: () => this.#acknowledge(),
      destroy: (err, done) => {
        this.drop()
        done(err)
      },
    })
    // Whoever reads it listens too. One that is cut behind its reader is no failure of the process.
    passing.on('error', () => undefined)
    if (this.#over === 'cut') return passing.destroy(this.#error('ended early'))
    this.#passing = passing
    const kept = this.#take()
    if (kept.length > 0) passing.push(kept)
    if (this.#over === 'ended') passing.push(null)
    return passing
  }

  /** Nobody wants it, or more of it: what comes is thrown away, and `tooMuch` called with each piece beyond `most` bytes. */
  drop(most = Number.POSITIVE_INFINITY, tooMuch?: () => void): void {
    const passing = this.#passing
    this.#passing = undefined
    // Whoever still takes it hears that no more comes.
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
