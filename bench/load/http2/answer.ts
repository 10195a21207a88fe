// A request whose answer is awaited whole.
import { Exchange } from './exchange.ts'

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

const maxPart = 256 * 1024

/** Most answers are one piece. Larger ones are kept in parts, and put together only for whoever wants them. */
class KeptAnswer implements Answer {
  readonly status: number
  readonly #parts: Buffer[] = []
  /** Bytes of the last part. */
  #used = 0

  constructor(status: number) {
    this.status = status
  }

  get body(): Buffer {
    const [first = Buffer.alloc(0), ...more] = this.#parts
    return more.length === 0 ? first.subarray(0, this.#used) : this.#joined()
  }

  #joined(): Buffer {
    const last = this.#parts.length - 1
    return Buffer.concat(this.#parts.map((part, index) => (index === last ? part.subarray(0, this.#used) : part)))
  }

  add(bytes: Buffer, start: number, end: number): void {
    let last = this.#parts.at(-1)
    for (let at = start; at < end; ) {
      if (last === undefined || this.#used === last.length) {
        last = Buffer.allocUnsafe(last === undefined ? end - at : Math.min(2 * last.length, maxPart))
        this.#parts.push(last)
        this.#used = 0
      }
      const taken = bytes.copy(last, this.#used, at, end)
      this.#used += taken
      at += taken
    }
  }
}

export class AnsweredRequest extends Exchange {
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (err: Error) => void
  #answer = new KeptAnswer(0)

  constructor(
    method: string,
    path: string,
    contentType: string,
    body: string | undefined,
    resolve: (answer: Answer) => void,
    reject: (err: Error) => void,
  ) {
    super(method, path, contentType, body)
    this.#resolve = resolve
    this.#reject = reject
  }

  override begin(status: number): void {
    this.#answer = new KeptAnswer(status)
  }

  override data(bytes: Buffer, start: number, end: number): void {
    this.#answer.add(bytes, start, end)
  }

  override end(): void {
    this.#resolve(this.#answer)
  }

  override fail(err: Error): void {
    this.#reject(err)
  }
}
