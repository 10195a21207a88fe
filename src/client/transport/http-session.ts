// One HTTP/2 connection to an API server: TLS 1.3, always verified, with pings.
import { type ClientHttp2Session, connect, constants } from 'node:http2'

export interface SessionOptions {
  readonly server: string
  readonly ca: string
  readonly serverName?: string
  readonly certificate?: string
  readonly key?: string
  readonly connectTimeoutMs: number
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
}

export interface HttpSession {
  readonly session: ClientHttp2Session
  /** Number of open streams. */
  streams: number
  /** False after GOAWAY or when the connection broke: open streams may finish on it, new ones use another. */
  usable: boolean
}

/** Bytes that the server may send ahead on one stream and on the whole connection. */
const streamWindow = 1 << 20
const connectionWindow = 8 << 20

/** Resolves when the TLS handshake is verified; rejects with the reason, also after `connectTimeoutMs`. */
export function openSession(options: SessionOptions): Promise<HttpSession> {
  return new Promise((resolve, reject) => {
    const session = connect(options.server, {
      ca: options.ca,
      ...(options.certificate === undefined ? {} : { cert: options.certificate, key: options.key }),
      ...(options.serverName === undefined ? {} : { servername: options.serverName }),
      minVersion: 'TLSv1.3',
      rejectUnauthorized: true,
      settings: { enablePush: false, initialWindowSize: streamWindow },
    })
    const held: HttpSession = { session, streams: 0, usable: true }
    const timer = setTimeout(
      () => session.destroy(new Error(`Cannot connect to ${options.server}: no answer within ${options.connectTimeoutMs} ms`)),
      options.connectTimeoutMs,
    )
    let failure: Error | undefined
    session.on('error', err => {
      failure = err
      held.usable = false
      reject(err)
    })
    session.on('goaway', () => {
      held.usable = false
      session.close()
    })
    session.on('close', () => {
      clearTimeout(timer)
      held.usable = false
      reject(failure ?? new Error(`Cannot connect to ${options.server}: the connection was closed`))
    })
    session.once('connect', () => {
      clearTimeout(timer)
      session.setLocalWindowSize(connectionWindow)
      keepAlive(held, options)
      resolve(held)
    })
  })
}

/** Node keeps dead sessions forever; an unanswered ping ends this one. */
function keepAlive(held: HttpSession, { pingIntervalMs, pingTimeoutMs }: SessionOptions): void {
  const { session } = held
  let deadline: NodeJS.Timeout | undefined
  const interval = setInterval(() => {
    if (session.destroyed) return
    deadline = setTimeout(() => session.destroy(new Error('connection lost: ping was not answered')), pingTimeoutMs)
    deadline.unref()
    session.ping(() => clearTimeout(deadline))
  }, pingIntervalMs)
  interval.unref()
  session.once('close', () => {
    clearInterval(interval)
    clearTimeout(deadline)
  })
}

/** Number of streams that the server allows on one connection; 100 until it sends a limit (RFC 9113, 6.5.2 recommends at least that). */
export function streamLimit({ session }: HttpSession): number {
  const limit = session.remoteSettings?.maxConcurrentStreams
  return limit === undefined ? 100 : Math.max(1, Math.min(limit, 10_000))
}

/** Whether the server is known not to have processed a failed request, so that repeating it is safe. */
export function wasNotProcessed(err: unknown, rstCode: number | undefined): boolean {
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return true
  const code = err instanceof Error && 'code' in err ? err.code : undefined
  return code === 'ERR_HTTP2_INVALID_SESSION' || code === 'ERR_HTTP2_GOAWAY_SESSION'
}
