// Detects dead peers of HTTP/2 sessions, which Node would keep open forever.
import type { Http2Session } from 'node:http2'

export interface PingHooks {
  /** Called before each PING. */
  each?(): void
  /** Called at the first interval at which the session is destroyed, and at later ones. */
  ended?(): void
}

/**
 * Sends a PING each `everyMs` milliseconds, and destroys the session if one fails or is not answered before the next. Returns a function that stops the
 * PINGs. They do not keep the process alive.
 */
export function pingSession(session: Http2Session, everyMs: number, hooks: PingHooks = {}): () => void {
  let waiting = false
  const timer = setInterval(() => {
    if (session.destroyed) return hooks.ended?.()
    if (waiting) return session.destroy()
    hooks.each?.()
    waiting = true
    session.ping(err => {
      waiting = false
      if (err) session.destroy()
    })
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Whether the peer answers a PING within `limitMs`. */
export function answersPing(session: Http2Session, limitMs: number): Promise<boolean> {
  if (session.destroyed) return Promise.resolve(false)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // After a stall of this process, timers run before reads: an answer that has already arrived is read first.
  const timer = setTimeout(() => setImmediate(() => setImmediate(() => resolve(false))), limitMs)
  const closed = (): void => resolve(false)
  session.once('close', closed)
  // Node allows ten pending PINGs; with so many the peer is already silent.
  if (!session.ping(err => resolve(err === null))) resolve(false)
  return promise.finally(() => {
    clearTimeout(timer)
    session.off('close', closed)
  })
}
