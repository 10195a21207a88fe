// A wire between two processes: a TCP forwarder that can be cut, frozen and healed.
import { connect, createServer, type Server, type Socket } from 'node:net'

export class Link implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>
  readonly #state: { cut: boolean }

  private constructor(server: Server, port: number, sockets: Set<Socket>, state: { cut: boolean }) {
    this.#server = server
    this.port = port
    this.#sockets = sockets
    this.#state = state
  }

  /** Listens on loopback and carries each connection to the port, which may have no listener yet. */
  static async to(target: number): Promise<Link> {
    const sockets = new Set<Socket>()
    const state = { cut: false }
    const server = createServer(near => {
      const far = connect(target, '127.0.0.1')
      const ends = [near, far]
      for (const [index, end] of ends.entries()) {
        sockets.add(end)
        const other = ends[1 - index]
        end.on('error', () => other?.destroy())
        end.on('close', () => {
          sockets.delete(end)
          other?.destroy()
        })
      }
      near.pipe(far)
      far.pipe(near)
      if (state.cut) reset(near)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the link has no port')
    return new Link(server, address.port, sockets, state)
  }

  /** Ends all connections, and refuses new ones until `heal`. */
  cut(): void {
    this.#state.cut = true
    for (const socket of this.#sockets) reset(socket)
  }

  /** Carries nothing, and says nothing, until `heal`: as when packets are dropped. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  heal(): void {
    this.#state.cut = false
    for (const socket of this.#sockets) socket.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

/** libuv refuses to reset a socket that is being shut down, and Node then leaves its handle open for ever, with a busy event loop. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
