// Requests that a well-behaved client does not send: over HTTP/1.1 with any size, and over HTTP/2 without an end.
import { type ClientHttp2Session, connect } from 'node:http2'
import { request } from 'node:https'
import type { Endpoint } from '../../proof.ts'

export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** The status code; 0 if the connection is closed without an answer. */
export function rawRequest(
  { server, ca }: Endpoint,
  token: string,
  { method, path, headers, body }: RawRequest,
  signal: AbortSignal,
): Promise<number> {
  const { hostname, port } = new URL(server)
  return new Promise((resolve, reject) => {
    const stream = request({
      ...{ host: hostname, port, ca, minVersion: 'TLSv1.3', method, path, signal, agent: false },
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    })
    stream.once('response', answer => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
      // The server may close before it has read the whole body.
      stream.destroy()
    })
    stream.on('error', () => (signal.aborted ? reject(signal.reason) : resolve(0)))
    stream.end(body)
  })
}

export async function openSession({ server, ca }: Endpoint, signal: AbortSignal): Promise<ClientHttp2Session> {
  const session = connect(server, { ca, minVersion: 'TLSv1.3' })
  const ready = Promise.withResolvers<void>()
  session.once('remoteSettings', () => ready.resolve())
  session.on('error', ready.reject)
  const abort = (): void => session.destroy()
  signal.addEventListener('abort', abort, { once: true })
  session.once('close', () => signal.removeEventListener('abort', abort))
  await ready.promise
  return session
}

/** A write whose body never ends. `onAnswer` gets the status and how long to wait. */
export function endlessWrite(
  session: ClientHttp2Session,
  token: string,
  path: string,
  onAnswer: (status: number, retryAfter: number) => void,
): void {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const stream = session.request(headers)
  stream.on('response', answer => onAnswer(Number(answer[':status']), Number(answer['retry-after'])))
  stream.on('error', () => undefined)
  stream.resume()
  stream.write('{')
}
