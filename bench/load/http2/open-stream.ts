// A request whose answer is read as it comes, and may go on for long: a watch, or a list that nobody keeps.
import { Exchange } from './exchange.ts'

/** `bytes` are valid during the call only. */
export type OnData = (bytes: Buffer, start: number, end: number) => void
/** The last call; with what went wrong unless the server has ended the answer. */
export type OnEnd = (err?: Error) => void

const shownBytes = 300

export class OpenStream extends Exchange {
  readonly #onData: OnData
  readonly #onEnd: OnEnd
  readonly #begun = Promise.withResolvers<void>()
  /** Of an answer that is none of success. */
  #refusal = ''

  constructor(path: string, onData: OnData, onEnd: OnEnd) {
    super('GET', path, '', undefined)
    this.#onData = onData
    this.#onEnd = onEnd
  }

  /** Resolves when the server has answered 200; rejects where it says anything else, and nothing is called then. */
  get begun(): Promise<void> {
    return this.#begun.promise
  }

  override begin(status: number): void {
    if (status === 200) this.#begun.resolve()
  }

  override data(bytes: Buffer, start: number, end: number): void {
    if (this.status === 200) this.#onData(bytes, start, end)
    else if (this.#refusal.length < shownBytes) this.#refusal += bytes.toString('utf8', start, Math.min(end, start + shownBytes))
  }

  override end(): void {
    if (this.status === 200) this.#onEnd()
    else this.#begun.reject(new Error(`${this.path} answered ${this.status}: ${this.#refusal}`))
  }

  override fail(err: Error): void {
    if (this.status === 200) this.#onEnd(err)
    else this.#begun.reject(err)
  }
}
