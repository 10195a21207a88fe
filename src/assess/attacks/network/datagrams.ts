// Receives datagrams of probing pods on an address of this machine, since pods have no server for them.
import { createSocket, type Socket } from 'node:dgram'

export class Datagrams implements AsyncDisposable {
  readonly #sockets: readonly Socket[]
  /** `text of the datagram, port`. */
  readonly #received = new Set<string>()

  private constructor(sockets: readonly Socket[], ports: readonly number[]) {
    this.#sockets = sockets
    for (const [index, socket] of sockets.entries())
      socket.on('message', message => this.#received.add(`${/[\w.-]{3,}/.exec(message.toString('latin1'))?.[0]} ${ports[index]}`))
  }

  /** Undefined if the address is not of this machine, or a port is in use. */
  static async open(address: string, ports: readonly number[]): Promise<Datagrams | undefined> {
    const sockets: Socket[] = []
    for (const port of ports) {
      const socket = createSocket('udp4')
      const bound = await new Promise<boolean>(resolve => {
        socket.once('error', () => resolve(false))
        socket.bind({ address, port, exclusive: true }, () => resolve(true))
      })
      sockets.push(socket)
      if (bound) continue
      // The one that failed is closed already.
      for (const each of sockets.slice(0, -1)) each.close()
      return undefined
    }
    return new Datagrams(sockets, ports)
  }

  received(text: string, port: number): boolean {
    return this.#received.has(`${text} ${port}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sockets.map(socket => new Promise<void>(resolve => socket.close(() => resolve()))))
  }
}
