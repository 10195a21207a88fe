// Several HTTP/2 connections with a client certificate, used in turn, as client-go's transports are.
import { createSecureContext } from 'node:tls'
import { type Answer, Http2Connection, type OnData, type OnEnd } from './http2/http2-connection.ts'

export interface Credentials {
  readonly server: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export class Connections implements Disposable {
  readonly #connections: readonly Http2Connection[]
  #next = 0

  private constructor(connections: readonly Http2Connection[]) {
    this.#connections = connections
  }

  static async open({ server, ca, cert, key }: Credentials, count: number): Promise<Connections> {
    const context = createSecureContext({ ca, cert, key })
    const url = new URL(server)
    const opening = Array.from({ length: count }, () => Http2Connection.open(url, context))
    try {
      return new Connections(await Promise.all(opening))
    } catch (err) {
      for (const one of await Promise.allSettled(opening)) if (one.status === 'fulfilled') one.value[Symbol.dispose]()
      throw err
    }
  }

  /** `contentType` is the body's or, without one, the answer's. */
  request(method: string, path: string, body?: string, contentType?: string): Promise<Answer> {
    return this.#turn().request(method, path, body, contentType)
  }

  /** Resolves when the server has answered 200. `onEnd` is called once after that; the argument of `onData` is only valid during the call. */
  stream(path: string, onData: OnData, onEnd: OnEnd): Promise<void> {
    return this.#turn().stream(path, onData, onEnd)
  }

  #turn(): Http2Connection {
    const connection = this.#connections[this.#next++ % this.#connections.length]
    if (connection === undefined) throw new RangeError('there is no connection')
    return connection
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection[Symbol.dispose]()
  }
}
