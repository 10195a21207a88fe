// The open HTTP/2 connections of a listener. Closes those of dead peers; on shutdown lets open streams finish.
import { type ClientSocket, type ConnectionEvents, Http2ServerConnection } from './connection.ts'

const lookMs = 30_000

export class Http2Connections {
  readonly #open = new Map<Http2ServerConnection, ClientSocket>()
  readonly #timer = setInterval(() => {
    for (const connection of this.#open.keys()) connection.look()
  }, lookMs).unref()
  #closing = false

  accept(socket: ClientSocket, events: ConnectionEvents): Http2ServerConnection {
    const connection = new Http2ServerConnection(socket, events)
    this.#open.set(connection, socket)
    socket.once('close', () => this.#open.delete(connection))
    // Its TLS handshake was under way when the shutdown began.
    if (this.#closing) connection.goAway()
    return connection
  }

  /** Refuses new requests; resolves when the running ones have ended and every socket is closed. */
  async close(): Promise<void> {
    this.#closing = true
    const closed = [...this.#open].map(([connection, socket]) => {
      connection.goAway()
      return new Promise<void>(resolve => (socket.closed ? resolve() : socket.once('close', () => resolve())))
    })
    await Promise.all(closed)
    clearInterval(this.#timer)
  }

  destroy(): void {
    for (const connection of this.#open.keys()) connection.destroy()
  }
}
