// The ends of a connection's answers over HTTP/2. What a client leaves unread is memory that nothing else would free: its window may stay shut while it
// answers each ping.
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { BodyParts } from './body-parts.ts'
import { endWith } from './body-parts.ts'

/** An answer that waits at one look and the next is cut: after 30 s at least, and 60 at most. */
const lookMs = 30_000
/** Of a connection: who reads what it asks for has a few at a time. Anybody can get them, and has none of the seats that bound other answers. */
const maxUnreadRefusals = 32

export class UnreadAnswers {
  readonly #waiting = new Set<ServerHttp2Stream>()
  #atLastLook: readonly ServerHttp2Stream[] = []
  #refusals = 0
  #timer: NodeJS.Timeout | undefined
  /** Of all answers the same: one made for each would live as long as its stream, which V8 finds dead in a major collection alone. */
  readonly #ended: (this: ServerHttp2Stream) => void

  constructor() {
    const waiting = this.#waiting
    this.#ended = function () {
      waiting.delete(this)
    }
  }

  /** Answers that their client has not read yet, as far as is known. */
  get size(): number {
    return this.#waiting.size
  }

  /** Ends the stream, with the body where there is one. `refusal`: it is the answer to credentials that are none; a connection that lets too many of them wait is closed. */
  end(stream: ServerHttp2Stream, body?: Buffer | BodyParts, refusal = false): void {
    if (refusal) this.#count(stream)
    this.#waiting.add(stream)
    this.#timer ??= setInterval(this.#look, lookMs).unref()
    // Not on 'finish': a stream whose request was read to its end closes without it.
    stream.on('close', this.#ended)
    if (body === undefined) stream.end()
    else endWith(stream, body)
  }

  #count(stream: ServerHttp2Stream): void {
    if (++this.#refusals > maxUnreadRefusals) stream.session?.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
    stream.once('close', () => {
      this.#refusals -= 1
    })
  }

  readonly #look = (): void => {
    // An answer that is on its way leaves its stream open where the client goes on with its request.
    for (const stream of this.#waiting) if (stream.destroyed || stream.writableFinished) this.#waiting.delete(stream)
    for (const stream of this.#atLastLook) if (this.#waiting.has(stream)) stream.destroy(new Error('the client does not read its answer'))
    this.#atLastLook = [...this.#waiting]
    if (this.#atLastLook.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
