// The open HTTP/2 sessions with the sockets under them: dead peers are found by pings, and nothing outlives the session that it belongs to.
import { constants, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Logger } from '../../base/log.ts'
import { pingSession } from './session-pings.ts'

const pingMs = 30_000
/** Pings and settings that a client may send between two of our pings; a client that pings each second sends 30. */
const maxControlFrames = 1000
const sweepMs = 250

export class Http2Sessions {
  readonly #open = new Map<ServerHttp2Session, TLSSocket>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** Node keeps sessions whose peer is gone: a ping that is not answered ends them. Each frame that wants an answer costs one: a flood ends too. */
  keep(session: ServerHttp2Session, socket: TLSSocket): void {
    this.#open.set(session, socket)
    let frames = 0
    const count = () => {
      if (++frames > maxControlFrames && !session.destroyed) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
    }
    session.on('ping', count)
    session.on('remoteSettings', count)
    const stopPings = pingSession(session, pingMs, {
      each: () => {
        frames = 0
      },
      ended: () => socket.destroy(),
    })
    socket.once('close', () => {
      stopPings()
      this.#open.delete(session)
    })
    session.on('error', err => this.#log.debug('session failed', { err }))
  }

  /** Lets the running streams end; resolves when every session and its socket are closed. */
  async close(): Promise<void> {
    const closed = [...this.#open].map(([session, socket]) => {
      session.close()
      return new Promise<void>(resolve => (socket.closed ? resolve() : socket.once('close', () => resolve())))
    })
    // A session that is destroyed in the middle of a write whose peer is gone may leave its socket open for good (seen with Node 24). What a living
    // one has to say is on its way within a turn.
    let doomed = new Set<ServerHttp2Session>()
    const sweep = setInterval(() => {
      for (const [session, socket] of this.#open) if (session.destroyed && doomed.has(session)) socket.destroy()
      doomed = new Set([...this.#open.keys()].filter(({ destroyed }) => destroyed))
    }, sweepMs)
    await Promise.all(closed)
    clearInterval(sweep)
  }

  destroy(): void {
    for (const [session, socket] of this.#open) {
      session.destroy()
      socket.destroy()
    }
  }
}
