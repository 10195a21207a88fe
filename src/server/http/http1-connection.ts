// One HTTP/1.1 connection: its peer, its last request, and how it closes so that the last response arrives.
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
    // Node calls this after a response with `Connection: close`. Its own version destroys the socket while the client may still be sending.
    socket.destroySoon = () => this.end()
  }

  /** Whether further requests are ignored: the parser may emit some that came in the same packet as the end of the connection. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Whether responses are outstanding. */
  get isBusy(): boolean {
    return this.#last !== undefined && !this.#last.response.writableFinished
  }

  began(request: Http1Request, response: ServerResponse): void {
    this.#last = { request, response }
  }

  /** Sends the refusal after the outstanding responses, and closes the connection. */
  refuse(refusal: WireRefusal): void {
    this.#endBehindAnswers(refusalBytes(refusal))
  }

  /**
   * The parser failed, or the client is too slow. Within a body, the request learns it, and its response is the last; if none was sent yet, it is the
   * refusal. A second response would be taken for that of another request. A client that sent nothing gets no response.
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

  /** Ends the server's side now and waits, within limits, until the client ends its own. */
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

  /** Detaches the socket from the parser. */
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
