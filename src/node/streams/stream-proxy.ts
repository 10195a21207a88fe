// Connects a byte stream to containerd's streaming server on loopback: TLS with the pinned certificate, upgrade to SPDY/3.1, bytes both ways.
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { readHttpHead } from './http-head.ts'

/** Protocols that the API server uses inside of the stream. */
export type StreamProtocol = 'v4.channel.k8s.io' | 'portforward.k8s.io'

const dialMs = 10_000

/**
 * Opens the stream at the runtime's URL. Rejects for a URL that is not https on 127.0.0.1, for any certificate but the pinned one, and for
 * any answer but 101: redirects are never followed.
 */
export async function openRuntimeStream(url: string, protocol: StreamProtocol, certificate: string, signal: AbortSignal): Promise<Duplex> {
  const target = checkedUrl(url)
  const socket = await dial(
    { host: '127.0.0.1', port: Number(target.port), ca: certificate, minVersion: 'TLSv1.3' },
    AbortSignal.any([signal, AbortSignal.timeout(dialMs)]),
  )
  try {
    socket.write(
      `POST ${target.pathname}${target.search} HTTP/1.1\r\nHost: ${target.host}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n` +
        `X-Stream-Protocol-Version: ${protocol}\r\nContent-Length: 0\r\n\r\n`,
    )
    const head = await readHttpHead(socket, AbortSignal.any([signal, AbortSignal.timeout(dialMs)]))
    if (head.status !== 101) throw new Error(`the container runtime answered ${head.status} instead of switching protocols`)
    return socket
  } catch (err) {
    socket.destroy()
    throw err
  }
}

/**
 * Copies bytes both ways until the API server's side is closed. The runtime's end is passed on after its last byte, without failing the
 * other direction; if either side breaks, so does the other.
 */
export async function carryBytes(stream: ServerHttp2Stream, runtime: Duplex, signal: AbortSignal): Promise<void> {
  const stop = () => {
    runtime.destroy()
    stream.close(constants.NGHTTP2_CANCEL)
  }
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  runtime.on('error', () => runtime.destroy())
  runtime.once('close', () => {
    // Destroyed and not closed, since a close would first announce an end.
    if (!runtime.readableEnded) stream.destroy(new Error("the container runtime's connection broke"))
    // Nothing reads further bytes; unread, they would keep the stream open.
    else stream.resume()
  })
  stream.once('close', () => runtime.destroy())
  stream.pipe(runtime)
  runtime.pipe(stream)
  if (!stream.closed) await new Promise<void>(resolve => stream.once('close', resolve))
  signal.removeEventListener('abort', stop)
  runtime.destroy()
}

/** Throws unless the URL is the runtime's own server on loopback (CVE-2018-1002102). */
export function checkedUrl(url: string): URL {
  const target = new URL(url)
  if (target.protocol !== 'https:' || target.hostname !== '127.0.0.1' || target.port === '' || target.username !== '') {
    throw new Error(`refused the container runtime's streaming URL: it is not https on 127.0.0.1`)
  }
  return target
}

/** TLS verified against `ca` only; resolves when the handshake is done. */
export async function dial(options: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connect({ ...options, rejectUnauthorized: true })
  return await new Promise((resolve, reject) => {
    const fail = (err: unknown) => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      reject(err)
    }
    const onAbort = () => fail(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      // The caller may take the socket a turn later, and an error without a listener ends the process; `close` follows it.
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}
