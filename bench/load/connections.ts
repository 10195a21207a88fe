// Several HTTP/2 connections with a client certificate, used in turn, as client-go's transports are.
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'

export interface Credentials {
  readonly server: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

const windowBytes = 16 * 1024 * 1024

export class Connections implements Disposable {
  readonly #sessions: ClientHttp2Session[]
  #next = 0

  private constructor(sessions: ClientHttp2Session[]) {
    this.#sessions = sessions
  }

  static async open({ server, ca, cert, key }: Credentials, count: number): Promise<Connections> {
    const sessions = Array.from({ length: count }, () => connect(server, { ca, cert, key, settings: { initialWindowSize: windowBytes } }))
    await Promise.all(
      sessions.map(
        session =>
          new Promise<void>((resolve, reject) => {
            session.once('connect', () => {
              session.setLocalWindowSize(windowBytes)
              resolve()
            })
            session.on('error', reject)
          }),
      ),
    )
    return new Connections(sessions)
  }

  session(): ClientHttp2Session {
    const session = this.#sessions[this.#next++ % this.#sessions.length]
    if (session === undefined) throw new RangeError('there is no connection')
    return session
  }

  request(method: string, path: string, body?: string, contentType = 'application/json'): Promise<Answer> {
    const headers: OutgoingHttpHeaders = { ':method': method, ':path': path, accept: 'application/json', 'user-agent': 'bulkhead-bench' }
    if (body !== undefined) headers['content-type'] = contentType
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const stream = this.session().request(headers, { endStream: body === undefined })
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', answer => {
      status = answer[':status'] ?? 0
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }))
    stream.on('error', reject)
    if (body !== undefined) stream.end(body)
    return promise
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.destroy()
  }
}
