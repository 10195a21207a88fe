// A request that changes the protocol of its connection (WebSocket, SPDY), as exec, attach and port-forward do: HTTP/1.1 over TLS, by hand.
import { connect } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import type { OpenStream } from './open-stream.ts'
import { firstOf } from './open-stream.ts'
import type { Endpoint } from './proof.ts'

export interface UpgradeRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly upgrade: 'websocket' | 'SPDY/3.1'
  /** Of `Sec-WebSocket-Protocol` or `X-Stream-Protocol-Version`. */
  readonly protocol?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface UpgradeCredentials {
  readonly token?: string
  readonly certificate?: string
  readonly key?: string
}

const headMs = 20_000

/** Resolves with the head of the answer; 101 where the protocol was changed. */
export async function openUpgraded(
  endpoint: Endpoint,
  credentials: UpgradeCredentials,
  asked: UpgradeRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<OpenStream> {
  const { hostname, port, host } = new URL(endpoint.server)
  const { token, certificate, key } = credentials
  const socket = connect({
    host: hostname,
    port: Number(port || 443),
    ca: endpoint.ca,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    ...(certificate === undefined ? {} : { cert: certificate, key: key ?? '' }),
  })
  const over = new Promise<true>(resolve => socket.once('close', () => resolve(true)))
  const close = () => socket.destroy()
  signal.addEventListener('abort', close, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', close))
  socket.write(headOf(asked, host, token))
  const status = await statusOf(socket, AbortSignal.any([signal, AbortSignal.timeout(headMs)]))
  // What comes after the head is of no interest.
  socket.resume()
  return {
    status,
    endsWithin: milliseconds => firstOf(over, milliseconds, clock),
    async [Symbol.asyncDispose]() {
      close()
      await over
    },
  }
}

function headOf({ method, path, upgrade, protocol, headers = {} }: UpgradeRequest, host: string, token: string | undefined): string {
  const webSocket = { 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': Buffer.alloc(16, 1).toString('base64') }
  const all = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: upgrade,
    ...(upgrade === 'websocket' ? webSocket : {}),
    ...(protocol === undefined ? {} : { [upgrade === 'websocket' ? 'Sec-WebSocket-Protocol' : 'X-Stream-Protocol-Version']: protocol }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(method === 'POST' ? { 'Content-Length': '0' } : {}),
    ...headers,
  }
  return `${method} ${path} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`
}

function statusOf(socket: ReturnType<typeof connect>, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let head = ''
    const onAbort = () => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1')
      const status = head.includes('\r\n\r\n') ? /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] : undefined
      if (status === undefined) return
      socket.off('data', onData)
      signal.removeEventListener('abort', onAbort)
      resolve(Number(status))
    }
    socket.on('data', onData)
    socket.on('error', reject)
    socket.once('close', () => reject(new Error('the connection was closed before an answer came')))
  })
}
