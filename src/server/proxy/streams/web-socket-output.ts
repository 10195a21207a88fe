// The sending side of a client's WebSocket, limited to the speed at which the client reads.
import { WebSocket } from 'ws'
import type { StreamShare } from './stream-memory.ts'

/** Bytes that may wait for one client: enough for a fast connection, and little enough for hundreds of slow ones. */
export const highWater = 256 * 1024

export class WebSocketOutput {
  readonly #socket: WebSocket
  readonly #share: StreamShare
  #last: Promise<void> = Promise.resolve()

  constructor(socket: WebSocket, share: StreamShare) {
    this.#socket = socket
    this.#share = share
  }

  /** Whether more may be sent before the client has read the waiting bytes. */
  get hasRoom(): boolean {
    const { bufferedAmount } = this.#socket
    return this.#share.unsent(bufferedAmount) && bufferedAmount < highWater
  }

  /** Resolves when the next message may be sent; rejects if the client is gone. Bytes that are not `binary` must be UTF-8. */
  async send(message: Buffer | string, binary = typeof message !== 'string'): Promise<void> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error('the client is gone')
    this.#last = new Promise((resolve, reject) => this.#socket.send(message, { binary }, err => (err ? reject(err) : resolve())))
    if (!this.hasRoom) {
      await this.#last
      this.#share.unsent(this.#socket.bufferedAmount)
    }
    // A failed write closes the socket, and the next `send` or `close` reports it.
    else this.#last.catch(() => this.#socket.terminate())
  }

  /** Closes after everything was sent, without a time limit for slow readers; resolves when the connection is closed, at most half a minute after that. */
  async close(): Promise<void> {
    await this.#last.catch(() => this.#socket.terminate())
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const closed = new Promise<void>(resolve => this.#socket.once('close', () => resolve()))
    // A paused socket would never read the client's close frame.
    this.#socket.resume()
    this.#socket.close(1000)
    await closed
  }
}
