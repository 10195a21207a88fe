// Requests of the administrator without a client library: exact bytes go out, exact answers come back.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { dirname, join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'

export interface Answer {
  readonly status: number
  readonly text: string
  /** The parsed body, or undefined if it is no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

export interface AdminRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export class AdminConnection implements Disposable {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #ca: string
  readonly #certificate: string
  readonly #key: string
  readonly #agent: Agent

  /** `port` is that of something before the server. */
  constructor(kubeconfig: string, port?: number) {
    const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'))
    const clear = (base64: string) => Buffer.from(base64, 'base64').toString('utf8')
    this.port = port ?? Number(new URL(clusters[0].cluster.server).port)
    this.#ca = clear(clusters[0].cluster['certificate-authority-data'])
    // One file has both.
    this.#certificate = readFileSync(join(dirname(kubeconfig), users[0].user['client-certificate']), 'utf8')
    this.#key = this.#certificate
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, ca: this.#ca, cert: this.#certificate, key: this.#key })
  }

  /** One request over HTTP/1.1; rejects if the connection breaks before the answer. */
  send({ method = 'GET', path, headers = {}, body }: AdminRequest): Promise<Answer> {
    // Node announces no length for the body of a DELETE by itself.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const all = { ...length, ...headers }
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { agent: this.#agent, host: this.host, port: this.port, method, path, headers: all, timeout: 20_000 },
        incoming => {
          const chunks: Buffer[] = []
          incoming.on('data', chunk => chunks.push(chunk))
          incoming.on('error', reject)
          incoming.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            resolve({ status: incoming.statusCode ?? 0, text, body: parse(text) })
          })
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer: ${method} ${path}`)))
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  /** A watch: each line of the answer as it comes. Resolves with the status when the connection has ended, 0 if it never came to an answer. */
  lines(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<number> {
    return new Promise(resolve => {
      const outgoing = request({ agent: this.#agent, host: this.host, port: this.port, path, timeout: 20_000 }, incoming => {
        let rest = ''
        incoming.setEncoding('utf8').on('data', (text: string) => {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) onLine(line)
        })
        incoming.on('error', () => resolve(incoming.statusCode ?? 0))
        incoming.on('close', () => resolve(incoming.statusCode ?? 0))
      })
      const end = () => outgoing.destroy()
      outgoing.on('timeout', end)
      outgoing.on('error', () => resolve(0))
      outgoing.on('close', () => {
        signal.removeEventListener('abort', end)
        resolve(0)
      })
      if (signal.aborted) end()
      else signal.addEventListener('abort', end, { once: true })
      outgoing.end()
    })
  }

  json(method: string, path: string, object: unknown): Promise<Answer> {
    return this.send({ method, path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(object) })
  }

  /** A TLS connection for bytes that no HTTP client would send. */
  open(): TLSSocket {
    return connectTls({ host: this.host, port: this.port, ca: this.#ca, cert: this.#certificate, key: this.#key })
  }

  /** Sends the bytes and returns what arrives until the server closes, or until `enough` is true. */
  raw(bytes: string | Buffer, enough: (text: string) => boolean = () => false): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = this.open()
      let text = ''
      const done = () => {
        socket.destroy()
        resolve(text)
      }
      socket.setTimeout(20_000, () => {
        socket.destroy()
        reject(new Error(`the server neither answered nor closed; so far: ${text}`))
      })
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (enough(text)) done()
      })
      socket.on('close', done)
      // A reset after the answer is the server's way to end a connection that it does not read any more.
      socket.on('error', done)
      socket.on('secureConnect', () => socket.write(bytes))
    })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    // Plain text: the caller looks at `text`.
    return undefined
  }
}
