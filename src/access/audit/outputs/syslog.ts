// Syslog over TLS: messages of RFC 5424 in frames of RFC 5425.
import { hostname } from 'node:os'
import { connect, type TLSSocket } from 'node:tls'
import type { SinkSettings } from './audit-outputs-settings.ts'

/** Facility 13 (log audit), severity 6 (informational). */
const priority = 13 * 8 + 6
const connectMs = 10_000
const writeMs = 10_000
/** Receivers need not take more (RFC 5425 section 4.3.1 asks for 8192 at least). */
export const maxMessageBytes = 1 << 20

/** `<length> <message>`. A longer line is cut, because a receiver would close the connection. */
export function syslogFrame(line: Buffer, host: string): Buffer {
  const text = line.subarray(0, line.at(-1) === 0x0a ? -1 : undefined)
  const time = /"(?:stageTimestamp|time)":"([0-9T:.-]{19,26}Z)"/.exec(text.toString('latin1'))?.[1] ?? '-'
  const head = Buffer.from(`<${priority}>1 ${time} ${host} bulkhead - audit - `)
  const message = Buffer.concat([head, text]).subarray(0, maxMessageBytes)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

export class SyslogConnection implements AsyncDisposable {
  readonly #settings: Extract<SinkSettings, { readonly kind: 'syslog' }>
  #socket: TLSSocket | undefined
  readonly #host =
    hostname()
      .replaceAll(/[^\x21-\x7e]/g, '')
      .slice(0, 255) || '-'

  constructor(settings: Extract<SinkSettings, { readonly kind: 'syslog' }>) {
    this.#settings = settings
  }

  /** Resolves when the kernel of this machine has taken the frames and the connection still stands: syslog has no acknowledgement. */
  async send(lines: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const socket = await this.#connected(signal)
    const bytes = Buffer.concat(lines.map(line => syslogFrame(line, this.#host)))
    await settled(socket, writeMs, signal, done => socket.write(bytes, err => done(err ?? undefined)))
  }

  async #connected(signal: AbortSignal): Promise<TLSSocket> {
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#socket.writable) return this.#socket
    const { host, port, authorities } = this.#settings
    const socket = connect({
      host,
      port,
      servername: host,
      minVersion: 'TLSv1.2',
      ...(authorities === undefined ? {} : { ca: authorities }),
    })
    // A receiver that closes is seen by the next batch.
    socket.on('error', () => socket.destroy())
    socket.resume()
    await settled(socket, connectMs, signal, done => socket.once('secureConnect', () => done()))
    this.#socket = socket
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy()
  }
}

/** Resolves when the work is done; rejects, and ends the connection, if it fails, is closed, or takes too long. */
function settled(socket: TLSSocket, ms: number, signal: AbortSignal, work: (done: (err?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (err?: Error): void => {
      clearTimeout(timer)
      socket.off('error', end)
      socket.off('close', closed)
      signal.removeEventListener('abort', aborted)
      if (err === undefined) {
        resolve()
        return
      }
      socket.destroy()
      reject(err)
    }
    const closed = (): void => end(new Error('the connection was closed'))
    const aborted = (): void => end(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    const timer = setTimeout(() => end(new Error(`no answer within ${ms} ms`)), ms)
    socket.once('error', end)
    socket.once('close', closed)
    signal.addEventListener('abort', aborted, { once: true })
    work(end)
  })
}
