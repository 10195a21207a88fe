// Receives datagrams of probing pods on an address of this machine, since pods have no server for them.
import { createSocket, type Socket } from 'node:dgram'

export class Datagrams implements AsyncDisposable {
  readonly #sockets: readonly Socket[]
  /** Numbers of datagrams by `text of the datagram, port`. */
  readonly #received = new Map<string, number>()

  private constructor(sockets: readonly Socket[], ports: readonly number[]) {
    this.#sockets = sockets
    for (const [index, socket] of sockets.entries())
      socket.on('message', message => {
        const key = `${/[\w.-]{3,}/.exec(message.toString('latin1'))?.[0]} ${ports[index]}`
        this.#received.set(key, (this.#received.get(key) ?? 0) + 1)
      })
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
    return this.count(text, port) > 0
  }

  count(text: string, port: number): number {
    return this.#received.get(`${text} ${port}`) ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sockets.map(socket => new Promise<void>(resolve => socket.close(() => resolve()))))
  }
}
