// Finds the peers of HTTP/2 sessions that went without a word: Node keeps their sessions open for good.
import type { Http2Session } from 'node:http2'

/**
 * Pings the session each `everyMs` milliseconds and destroys it when a ping fails or was not answered before the next one. `ended` is called at the
 * first turn that finds it destroyed. Returns what stops the pings; they keep no process alive.
 */
export function pingSession(session: Http2Session, everyMs: number, ended?: () => void): () => void {
  let waiting = false
  const timer = setInterval(() => {
    if (session.destroyed) return ended?.()
    if (waiting) return session.destroy()
    waiting = true
    session.ping(err => {
      waiting = false
      if (err) session.destroy()
    })
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
