// Finds the peers of HTTP/2 sessions that went without a word: Node keeps their sessions open for good.
import type { Http2Session } from 'node:http2'

export interface PingHooks {
  /** Before each ping. */
  each?(): void
  /** At the first turn that finds the session destroyed, and at each later one. */
  ended?(): void
}

/**
 * Pings the session each `everyMs` milliseconds and destroys it when a ping fails or was not answered before the next one. Returns what stops the
 * pings; they keep no process alive.
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

/** Whether the peer answers a ping within `limitMs`. */
export function answersPing(session: Http2Session, limitMs: number): Promise<boolean> {
  if (session.destroyed) return Promise.resolve(false)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // After a stall of this process its timers run before it reads: an answer that is here already is read first.
  const timer = setTimeout(() => setImmediate(() => setImmediate(() => resolve(false))), limitMs)
  const closed = (): void => resolve(false)
  session.once('close', closed)
  // Node has ten pings under way at most: beyond them the peer is silent already.
  if (!session.ping(err => resolve(err === null))) resolve(false)
  return promise.finally(() => {
    clearTimeout(timer)
    session.off('close', closed)
  })
}
