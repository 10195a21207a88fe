// One HTTP/1.1 connection: who is at its other side, what was asked last, and how it ends so that the last answer arrives.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Credentials } from '../../access/access.ts'
import type { Http1Request } from './http1-exchange.ts'
import { peerCredentials } from './peer-credentials.ts'
import type { ConnectionQueue } from './request-rounds.ts'
import { dropUnread, unlessClosed } from './unread-body.ts'
import { parserRefusal, refusalBytes, type WireRefusal } from './wire-refusal.ts'

interface Exchange {
  readonly request: Http1Request
  readonly response: ServerResponse
}

export class Http1Connection {
  readonly peer: Credentials
  readonly waiting: ConnectionQueue = []
  readonly #socket: Socket
  #last: Exchange | undefined
  #isEnding = false

  constructor(socket: Socket) {
    this.peer = peerCredentials(socket)
    this.#socket = socket
    // Node calls it behind an answer that says `Connection: close`, and its own destroys the socket under a client that is still sending.
    socket.destroySoon = () => this.end()
  }

  /** Whether no more requests are taken: the parser may tell of some that came in the same packet as what ends the connection. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Whether answers are due. */
  get isBusy(): boolean {
    return this.#last !== undefined && !this.#last.response.writableFinished
  }

  began(request: Http1Request, response: ServerResponse): void {
    this.#last = { request, response }
  }

  /** Answers with the refusal, behind the answers that are due, and ends the connection. */
  refuse(refusal: WireRefusal): void {
    this.#endBehindAnswers(refusalBytes(refusal))
  }

  /**
   * The parser cannot go on, or the client is too slow. In the middle of a body the request hears of it and its answer, which is the refusal where
   * none was sent yet, is the last: a second one would be taken for that of another request. A client that sent nothing at all asked for no answer.
   */
  fail(err: Error & { readonly code?: string }): void {
    const refusal = parserRefusal(err)
    if (refusal === undefined) this.#socket.destroy()
    else if (this.#last !== undefined && !this.#last.request.isWhole) {
      this.#last.request.breakBody(err, refusal)
      this.#endBehindAnswers()
    } else if (this.#socket.bytesRead === 0) this.end()
    else this.refuse(refusal)
  }

  /** Ends our side now and waits, within bounds, for the client to end its own. */
  end(): void {
    if (!this.#isEnding) this.#stopReading()
    this.#finish()
  }

  #endBehindAnswers(last?: Buffer): void {
    if (this.#isEnding) return
    this.#stopReading()
    if (this.#last !== undefined && this.isBusy) this.#last.response.once('close', () => this.#finish(last))
    else this.#finish(last)
  }

  /** Takes the bytes from the parser. */
  #stopReading(): void {
    this.#isEnding = true
    this.#socket.removeAllListeners('data')
    dropUnread(this.#socket, () => this.#socket.destroy())
  }

  #finish(last?: Buffer): void {
    if (!this.#socket.writable) return
    if (last !== undefined) this.#socket.write(last)
    this.#socket.end()
    unlessClosed(this.#socket, () => this.#socket.destroy())
  }
}
